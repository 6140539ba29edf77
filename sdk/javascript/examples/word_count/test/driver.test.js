// The driver, run under Node between tables in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schema, types } from 'osiris-sdk';
import { doctor, run, table } from 'osiris-sdk/testing';
import driver from '../src/driver.js';

function texts(...rows) {
  return table(Schema.of({ id: types.int64, text: types.utf8 }), rows.map((text, id) => ({ id, text })), { batchRows: 3 });
}

function count(config, input) {
  return run(driver, { config: { column: 'text', minimum: 1, ...config }, inputs: [input] }).rows;
}

test('words are counted, most frequent first', () => {
  const input = texts('b a\tb', null, '', 'c b\n a');
  assert.deepEqual(count({}, input), [{ word: 'b', count: 3n }, { word: 'a', count: 2n }, { word: 'c', count: 1n }]);
  assert.deepEqual(count({ minimum: 2 }, input), [{ word: 'b', count: 3n }, { word: 'a', count: 2n }]);
});

test('words that are as frequent come by code points', () => {
  const words = count({}, texts('\u{1F600} \u{FF5E} z Z é\u{a0}é')).map(({ word }) => word);
  assert.deepEqual(words, ['Z', 'z', 'é\u{a0}é', '\u{FF5E}', '\u{1F600}']);
});

test('a column that cannot be used is named', () => {
  for (const [column, message] of [
    ['txt', 'there is no column `txt`; there are: id, text'],
    ['id', 'the column `id` is of type int64, not utf8'],
  ]) {
    assert.throws(() => count({ column }, texts()), { kind: 'config', message });
  }
});

test('there is nothing to connect to', () => {
  assert.equal(doctor(driver).category, 'ok');
});
