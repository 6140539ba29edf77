// How a call reaches a driver, in a component and in a test alike.
import { Context } from './context.js';
import { DriverError } from './error.js';
import { Input } from './input.js';
import { Output } from './output.js';
import { formatOf } from './format.js';

/**
 * @param {object} driver what the author wrote
 * @param {object} host the contract's `context`
 */
export function run(driver, host, wire, inputs, writer) {
  const step = {
    id: wire.id,
    mode: wire.mode,
    config: JSON.parse(wire.config),
    partition: wire.partition ?? null,
  };
  const tables = inputs.map(({ name, table }) => new Input(name, table));
  const output = writer ? new Output(writer) : null;
  const summary = sync('run', driver.run(new Context(host), step, tables, output));
  const rows = summary?.rowsWritten ?? null;
  return { rowsWritten: rows === null ? null : Number(rows) };
}

export function discover(driver, host, config) {
  if (typeof driver.discover !== 'function') {
    throw new DriverError('unsupported', 'this driver cannot list what is there');
  }
  const datasets = sync('discover', driver.discover(new Context(host), JSON.parse(config)));
  return [...datasets].map(({ name, kind = 'table', estimatedRows = null, columns = [] }) => ({
    name: String(name).toWellFormed(),
    kind,
    estimatedRows: estimatedRows === null ? null : Number(estimatedRows),
    columns: columns.map((column) => ({
      name: String(column.name).toWellFormed(),
      format: formatOf(column.type),
      nativeType: String(column.nativeType ?? '').toWellFormed(),
      nullable: column.nullable ?? true,
      primaryKey: column.primaryKey ?? false,
    })),
  }));
}

/** Never fails: what goes wrong is the answer. */
export function doctor(driver, host, connection, timeoutMs) {
  const unknown = (message) => ({ category: 'unknown', latencyMs: null, message });
  if (typeof driver.doctor !== 'function') return unknown('this driver cannot check a connection');
  try {
    const health = sync('doctor', driver.doctor(new Context(host), JSON.parse(connection), timeoutMs));
    const { category = 'unknown', latencyMs = null, message = '' } = health ?? {};
    return { category: String(category), latencyMs, message: String(message).toWellFormed() };
  } catch (error) {
    return unknown(String(error?.message ?? error).toWellFormed());
  }
}

/** Nobody waits for a promise: there is nothing in a driver that a function could wait for. */
function sync(name, result) {
  if (typeof result?.then === 'function') {
    throw new DriverError('internal', `\`${name}\` is async, and a driver's functions are not: write it without async and await`);
  }
  return result;
}
