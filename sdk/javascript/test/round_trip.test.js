import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schema, field, types } from 'osiris-sdk';
import { run, table } from 'osiris-sdk/testing';
import { EVERY_TYPE } from './every_type.js';

const schema = Schema.of(Object.fromEntries(EVERY_TYPE.map(([name, type]) => [name, type])));
const count = Math.max(...EVERY_TYPE.map(([, , values]) => values.length));
const rows = Array.from({ length: count }, (_, at) =>
  Object.fromEntries(EVERY_TYPE.map(([name, , values]) => [name, values[at] ?? null])));

const byRows = {
  run(ctx, step, [input], output) {
    output.open(input.schema);
    for (const batch of input) output.sendRows([...batch.rows()]);
  },
};
const byColumns = {
  run(ctx, step, [input], output) {
    output.open(input.schema);
    for (const batch of input) {
      output.sendColumns(Object.fromEntries(batch.schema.names.map((name) => [name, batch.column(name)])));
    }
  },
};
const byValues = {
  run(ctx, step, [input], output) {
    output.open(input.schema);
    for (const batch of input) {
      output.sendColumns(Object.fromEntries(batch.schema.names.map((name) => [name, batch.column(name).toArray()])));
    }
  },
};

for (const [way, driver] of Object.entries({ byRows, byColumns, byValues })) {
  for (const batchRows of [1, 2, count]) {
    test(`every type keeps its values ${way}, ${batchRows} at once`, () => {
      const done = run(driver, { inputs: [table(schema, rows, { batchRows })] });
      assert.deepEqual(done.rows, rows);
      assert.ok(done.table.schema.equals(schema));
    });
  }
}

test('a row of nothing, and no row at all', () => {
  const empty = Object.fromEntries(schema.names.map((name) => [name, null]));
  assert.deepEqual(run(byRows, { inputs: [table(schema, [{}, {}])] }).rows, [empty, empty]);
  assert.deepEqual(run(byRows, { inputs: [table(schema, [])] }).rows, []);
});

test('a column may have any name', () => {
  const odd = new Schema([field('__proto__', types.utf8), field('constructor', types.int8), field('1', types.int8)]);
  const row = JSON.parse('{"__proto__": "a", "constructor": 1, "1": 2}');
  const [back] = run(byRows, { inputs: [table(odd, [row])] }).rows;
  assert.equal(JSON.stringify(back), JSON.stringify(row));
});

test('what does not fit is an error with its row and column, never another value', () => {
  const cases = [
    [types.int64, 2 ** 53, /row 0 of 1: `x`: 9007199254740992 is no int64; give a BigInt/],
    [types.int64, 1.5, /no int64/],
    [types.int64, '1', /"1" is no int64/],
    [types.int64, 2n ** 63n, /it takes -9223372036854775808 to 9223372036854775807/],
    [types.uint64, -1n, /no uint64/],
    [types.int8, 128, /it takes -128 to 127/],
    [types.uint32, -1, /it takes 0 to 4294967295/],
    [types.utf8, 1, /give a string/],
    [types.utf8, 'a\ud800', /half of a surrogate pair/],
    [types.binary, 'x', /give a Uint8Array/],
    [types.bool, 1, /1 is no bool/],
    [types.float64, '1', /no float64/],
    [types.decimal(4, 2), '1.234', /at most 2 digits after the point/],
    [types.decimal(4, 2), '100.00', /more than 4 digits/],
    [types.decimal(4, 2), 1.5, /give it as text/],
    [types.fixedBinary(2), new Uint8Array(3), /3 bytes/],
    [types.fixedList(types.int8, 2), [1], /it has 1 values/],
    [types.list(types.int8), [1, 300], /`item`: 300 is no int8/],
    [types.struct([field('a', types.int8, { nullable: false })]), {}, /`a`: a value is missing/],
    [types.struct([field('a', types.int8)]), { b: 1 }, /no field `b`/],
    [types.null, 1, /only null/],
  ];
  for (const [type, value, message] of cases) {
    assert.throws(() => table(Schema.of({ x: type }), [{ x: value }]), { message }, String(message));
  }
  const strict = new Schema([field('x', types.int8, { nullable: false })]);
  assert.throws(() => table(strict, [{}]), { kind: 'data', message: /`x`: a value is missing/ });
  assert.throws(() => table(strict, [{ x: 1, y: 2 }]), { message: /no column `y`/ });
});
