import { Schema } from 'osiris-sdk';
import { EVERY_TYPE } from '../../every_type.js';
import { ACTS } from './acts.js';

const COUNT = Math.max(...EVERY_TYPE.map(([, , values]) => values.length));
const ROWS = Array.from({ length: COUNT }, (_, at) =>
  Object.fromEntries(EVERY_TYPE.map(([name, , values]) => [name, values[at] ?? null])));

const SEND = {
  rows: (batch, output) => output.sendRows([...batch.rows()]),
  columns: (batch, output) => output.sendColumns(columnsOf(batch, (column) => column)),
  values: (batch, output) => output.sendColumns(columnsOf(batch, (column) => column.toArray())),
  forward: (batch, output) => output.forward(batch),
};

export default {
  run(ctx, step, inputs, output) {
    const { act, way, columns } = step.config;
    if (act !== undefined) return ACTS[act](ctx, step, inputs, output);
    if (step.mode === 'extract') return make(columns ?? EVERY_TYPE.map(([name]) => name), output);
    if (step.mode === 'write') return compare(inputs[0]);
    output.open(inputs[0].schema);
    for (const batch of inputs[0]) SEND[way](batch, output);
    return {};
  },

  discover() {
    const columns = EVERY_TYPE.map(([name, type]) => ({ name, type, nativeType: type.id, primaryKey: name === 'int64' }));
    return [{ name: 'every', kind: 'table', estimatedRows: COUNT, columns }];
  },

  doctor: () => ({ category: 'ok', latencyMs: 1.5, message: 'all is well' }),
};

/** Sends the columns of these names, some rows at a time. */
function make(names, output) {
  const of = Object.fromEntries(EVERY_TYPE.map(([name, type]) => [name, type]));
  output.open(Schema.of(Object.fromEntries(names.map((name) => [name, of[name]]))));
  for (let at = 0; at < COUNT; at += 4) {
    output.sendRows(ROWS.slice(at, at + 4).map((row) => Object.fromEntries(names.map((name) => [name, row[name]]))));
  }
  return {};
}

/** Fails unless the table is the one of every type. */
function compare(input) {
  let row = 0;
  for (const found of input.rows()) {
    for (const [name] of EVERY_TYPE) {
      const [is, was] = [spelt(found[name]), spelt(ROWS[row][name])];
      if (is !== was) throw new Error(`row ${row}, ${name}: ${is} was ${was}`);
    }
    row++;
  }
  const kept = input.schema.equals(Schema.of(Object.fromEntries(EVERY_TYPE.map(([name, type]) => [name, type]))));
  if (!kept || row !== COUNT) throw new Error(`${row} rows of ${COUNT}, the schema is ${kept ? 'kept' : 'another one'}`);
  return { rowsWritten: row };
}

function columnsOf(batch, how) {
  return Object.fromEntries(batch.schema.names.map((name) => [name, how(batch.column(name))]));
}

/** A value with its type, so that 1, 1n and "1" are three. */
function spelt(value) {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (typeof part === 'number') return Object.is(part, -0) ? '-0' : { number: String(part) };
    return part instanceof Uint8Array ? { bytes: [...part].join(' ') } : part;
  });
}
