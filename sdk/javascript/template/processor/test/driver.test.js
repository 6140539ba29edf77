// The driver, run under Node between tables in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schema, types } from 'osiris-sdk';
import { run, table } from 'osiris-sdk/testing';
import driver from '../src/driver.js';

const schema = Schema.of({ id: types.int64, name: types.utf8 });
const rows = [{ id: 1n, name: 'Zoë' }, { id: 2n, name: 'Al' }, { id: 3n, name: null }, { id: 4n, name: 'Grace' }];
const people = table(schema, rows);

test('long texts stay with their lengths', () => {
  const long = run(driver, { config: { column: 'name', minimum: 3 }, inputs: [people] });
  assert.deepEqual(long.rows, [{ name: 'Zoë', characters: 3n }, { name: 'Grace', characters: 5n }]);
  const all = run(driver, { config: { column: 'name' }, inputs: [people] });
  assert.deepEqual(all.rows.map(({ name }) => name), ['Zoë', 'Al', 'Grace']);
});

test('a column that is missing or of numbers is named', () => {
  for (const [column, message] of [
    ['nmae', 'there is no column `nmae`; there are: id, name'],
    ['id', 'the column `id` is of type int64, not utf8'],
  ]) {
    assert.throws(() => run(driver, { config: { column }, inputs: [people] }), { kind: 'config', message });
  }
});

test('a failure before it and a cancelled run end it', () => {
  const config = { column: 'name' };
  const failing = table(schema, rows, { failing: 'the step before failed' });
  assert.throws(() => run(driver, { config, inputs: [failing] }), { kind: 'upstream' });
  assert.throws(() => run(driver, { config, inputs: [people], cancelled: true }), { kind: 'cancelled' });
});
