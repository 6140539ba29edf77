// The driver, run under Node between tables in memory.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from 'osiris-sdk/testing';
import driver from '../src/driver.js';

const columns = [
  { name: 'name' },
  { name: 'age', type: 'integer' },
  { name: 'height', type: 'number' },
  { name: 'member', type: 'boolean' },
];

/** Runs a step that reads a file with this content. */
function extract(content, options = {}) {
  const base = mkdtempSync(join(tmpdir(), 'driver-'));
  try {
    writeFileSync(join(base, 'in.jsonl'), content);
    return run(driver, { config: { path: 'in.jsonl', columns }, base, ...options });
  } finally {
    rmSync(base, { recursive: true });
  }
}

test('lines become rows', () => {
  const { rows } = extract('{"name": "Ada", "age": 36, "height": 1.65, "member": true, "more": []}\n{"age": null}\n');
  assert.deepEqual(rows, [
    { name: 'Ada', age: 36n, height: 1.65, member: true },
    { name: null, age: null, height: null, member: null },
  ]);
});

test('an empty file is a table without rows', () => {
  assert.deepEqual(extract('').rows, []);
});

test('what does not fit is named with its line', () => {
  for (const [content, message] of [
    ['{}\n{"age": "old"}\n', /line 2: `age` is "old", not an integer/],
    ['{"age": 9007199254740993}', /line 1: `age` is 9007199254740992, not an integer below 2\^53/],
    ['{}\n[]\n', /line 2: this is no JSON object/],
    ['{"name": 1}', /line 1: `name` is 1, not text/],
  ]) {
    assert.throws(() => extract(content), { kind: 'data', message });
  }
});

test('a missing file is not found', () => {
  assert.throws(() => extract('', { config: { path: 'nowhere.jsonl', columns } }), { kind: 'not-found' });
});

test('a cancelled run stops', () => {
  assert.throws(() => extract('{"name": "Ada"}\n', { cancelled: true }), { kind: 'cancelled' });
});
