// The driver, run under Node between tables in memory.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Schema, types } from 'osiris-sdk';
import { run, table } from 'osiris-sdk/testing';
import driver from '../src/driver.js';

const schema = Schema.of({ name: types.utf8, age: types.int64, height: types.float64 });
const rows = [{ name: 'Ada', age: 9007199254740993n, height: 1.65 }, {}];

/** Runs a step that writes in a folder of its own, and looks at that. */
function write(input, look, options = {}) {
  const base = mkdtempSync(join(tmpdir(), 'driver-'));
  try {
    look(base, () => run(driver, { mode: 'write', config: { path: 'out/people.jsonl' }, inputs: [input], base, ...options }));
  } finally {
    rmSync(base, { recursive: true });
  }
}

test('rows become lines', () => {
  write(table(schema, rows), (base, go) => {
    assert.equal(go().rowsWritten, 2);
    const expected = '{"name":"Ada","age":9007199254740993,"height":1.65}\n{"name":null,"age":null,"height":null}\n';
    assert.equal(readFileSync(join(base, 'out/people.jsonl'), 'utf8'), expected);
  });
});

test('nothing is left when the step before fails or the run is cancelled', () => {
  const failing = table(schema, rows, { failing: 'the step before failed' });
  write(failing, (base, go) => {
    assert.throws(go, { kind: 'upstream' });
    assert.deepEqual(readdirSync(join(base, 'out')), []);
  });
  write(table(schema, rows), (base, go) => {
    assert.throws(go, { kind: 'cancelled' });
    assert.deepEqual(readdirSync(join(base, 'out')), []);
  }, { cancelled: true });
});

test('a column without a place in JSON is named', () => {
  const raw = table(Schema.of({ raw: types.binary }), []);
  write(raw, (base, go) => assert.throws(go, { kind: 'unsupported', message: /the column `raw`/ }));
});

test('a number that JSON lacks is an error', () => {
  const endless = table(Schema.of({ x: types.float64 }), [{ x: Infinity }]);
  write(endless, (base, go) => assert.throws(go, { kind: 'data', message: /`x`/ }));
});
