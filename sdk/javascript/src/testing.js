// Runs drivers under Node, between tables in memory.
import { DriverError } from './error.js';
import { discover as callDiscover, doctor as callDoctor, run as callRun } from './call.js';
import { failure } from './failure.js';
import { setBase } from './files/node.js';
import { MemoryContext } from './testing/context.js';
import { MemoryReader, MemoryTable, MemoryWriter } from './testing/tables.js';

export { MemoryTable };

/** A table of rows, as an input: `table(Schema.of({id: types.int64}), [{id: 1n}])`. */
export function table(schema, rows, { batchRows = rows.length || 1, failing = null } = {}) {
  const made = MemoryTable.of(schema, rows, batchRows);
  made.failing = failing;
  return made;
}

/**
 * Runs one step and returns what it did. What it throws has the kind and the message that the host
 * would get, and `result` with what was done until then.
 */
export function run(driver, { config = {}, id = 'test', mode, inputs = [], partition = null, base = null, state = null, cancelled = false } = {}) {
  const tables = Array.isArray(inputs) ? Object.fromEntries(inputs.map((one, at) => [`input${at}`, one])) : inputs;
  const how = mode ?? (Object.keys(tables).length > 0 ? 'transform' : 'extract');
  const host = new MemoryContext({ state, cancelled });
  const writer = how === 'write' ? null : new MemoryWriter();
  const wired = Object.entries(tables).map(([name, one]) => ({ name, table: new MemoryReader(one, host) }));
  const step = { id, mode: how, config: JSON.stringify(config), partition };
  const result = (rowsWritten) => ({ ...host.report(), rowsWritten, table: writer?.table ?? null, rows: writer?.table?.rows() ?? [] });
  setBase(base);
  try {
    const { rowsWritten } = callRun(driver, host, step, wired, writer);
    if (writer && writer.table === null) throw new DriverError('internal', 'the driver returned successfully but never opened its output');
    return result(rowsWritten);
  } catch (thrown) {
    throw Object.assign(reported(thrown), { result: result(null) });
  } finally {
    setBase(null);
  }
}

/** What the driver lists. */
export function discover(driver, { config = {} } = {}) {
  try {
    return callDiscover(driver, new MemoryContext({}), JSON.stringify(config));
  } catch (thrown) {
    throw reported(thrown);
  }
}

/** What the driver says about a connection. */
export function doctor(driver, { connection = {}, timeoutMs = 1000 } = {}) {
  return callDoctor(driver, new MemoryContext({}), JSON.stringify(connection), timeoutMs);
}

function reported(thrown) {
  const { kind, message, retryable } = failure(thrown);
  return new DriverError(kind, message, { retryable, cause: thrown });
}
