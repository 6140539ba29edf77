import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decimalToText, decodeUtf8, encodeUtf8, fromDate, parseDecimal, toDate, types } from 'osiris-sdk';
import { readBytes, readLines, readText, replaceFile } from 'osiris-sdk/files';
import { float16, fromFloat16 } from '../src/arrays/float16.js';
import { setBase } from '../src/files/node.js';

test('every float of 16 bits is the same after both ways, and the nearest one is taken', () => {
  for (let half = 0; half < 0x10000; half++) {
    const number = fromFloat16(half);
    if (Number.isNaN(number)) assert.ok(Number.isNaN(fromFloat16(float16(number))));
    else assert.equal(float16(number), half);
  }
  assert.equal(fromFloat16(float16(2049)), 2048);
  assert.equal(fromFloat16(float16(2051)), 2052);
  assert.equal(fromFloat16(float16(65519)), 65504);
  assert.equal(fromFloat16(float16(65520)), Infinity);
});

test('decimals are texts and back, and nothing is rounded', () => {
  for (const [text, scale, unscaled] of [
    ['1.50', 2, 150n], ['-0.01', 2, -1n], ['0.00', 2, 0n], ['12300', -2, 123n], ['7', 0, 7n],
  ]) {
    assert.equal(parseDecimal(text, scale), unscaled);
    assert.equal(decimalToText(unscaled, scale), text);
  }
  assert.equal(parseDecimal('.5', 1), 5n);
  assert.equal(parseDecimal('-.5', 1), -5n);
  assert.equal(parseDecimal('+1.500', 1), 15n);
  for (const bad of ['', '.', '-', '1e3', '1,5', ' 1', '0x1', '1.23', 'NaN']) assert.equal(parseDecimal(bad, 1), null, bad);
  assert.equal(parseDecimal('150', -2), null);
});

test('dates keep their day and their moment', () => {
  assert.equal(toDate(-1, types.date32).toISOString(), '1969-12-31T00:00:00.000Z');
  assert.equal(toDate(-1n, types.timestamp('ns')).toISOString(), '1969-12-31T23:59:59.999Z');
  const moment = new Date('2026-11-23T12:00:00.123Z');
  for (const unit of ['ms', 'us', 'ns']) {
    assert.deepEqual(toDate(fromDate(moment, types.timestamp(unit)), types.timestamp(unit)), moment);
  }
  assert.throws(() => fromDate(moment, types.timestamp('s')), { kind: 'data' });
  assert.throws(() => fromDate(moment, types.date32), { kind: 'data' });
  assert.throws(() => fromDate(new Date('x'), types.date32), { kind: 'data' });
  assert.equal(fromDate(null, types.date32), null);
});

test('UTF-8 is what others read and write', () => {
  for (const text of ['', 'a', 'é\0日🐧', 'x'.repeat(20000) + 'ü']) {
    assert.deepEqual(encodeUtf8(text), new Uint8Array(Buffer.from(text)));
    assert.equal(decodeUtf8(new Uint8Array(Buffer.from(text))), text);
  }
  assert.throws(() => decodeUtf8(Uint8Array.of(0xc3)), { kind: 'data' });
  assert.throws(() => encodeUtf8('\udc00'), { kind: 'data' });
});

test('files are read in lines and replaced as a whole', () => {
  const base = mkdtempSync(join(tmpdir(), 'sdk-'));
  setBase(base);
  try {
    // Longer than what is read at once, with a character of two bytes across the border.
    const long = `${'x'.repeat(128 * 1024 - 4)}é`;
    writeFileSync(join(base, 'in.txt'), `\ufeff${long}\r\n\nlast`);
    assert.deepEqual([...readLines('in.txt')], [long, '', 'last']);
    assert.equal(readText('in.txt').length, long.length + 7);
    assert.equal(replaceFile('a/b/out.txt', { id: 's' }, (file) => {
      file.write('ö\n');
      file.write(Uint8Array.of(0, 255));
      file.write(long);
      return 7;
    }), 7);
    assert.deepEqual(readBytes('a/b/out.txt'), new Uint8Array(Buffer.concat([Buffer.from('ö\n'), Buffer.from([0, 255]), Buffer.from(long)])));
    assert.throws(() => replaceFile('a/b/out.txt', { id: 's' }, (file) => {
      file.write('lost');
      throw new Error('stop');
    }), /stop/);
    assert.deepEqual(readdirSync(join(base, 'a/b')), ['out.txt']);
    assert.equal(readFileSync(join(base, 'a/b/out.txt')).length, long.length + 6);
    assert.throws(() => replaceFile('a/', { id: 's' }, () => {}), { kind: 'config' });
    assert.throws(() => readText('missing'), { kind: 'not-found', message: /^missing: / });
    writeFileSync(join(base, 'bad.txt'), Buffer.from([0x61, 0x0a, 0xff]));
    assert.throws(() => [...readLines('bad.txt')], { kind: 'data', message: /^bad\.txt, line 2: / });
  } finally {
    setBase(null);
    rmSync(base, { recursive: true });
  }
  assert.throws(() => readText('x'), { kind: 'permission' });
});
