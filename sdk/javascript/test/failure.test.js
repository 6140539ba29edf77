import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DriverError, Schema, types } from 'osiris-sdk';
import { discover, doctor, run, table } from 'osiris-sdk/testing';

const nothing = (run) => ({ run });
const ids = table(Schema.of({ id: types.int64 }), [{ id: 1 }, { id: 2 }], { batchRows: 1 });

test('a mistake is told with its name and its line', () => {
  const driver = nothing((ctx, step, inputs) => inputs[7].rows());
  assert.throws(() => run(driver), {
    kind: 'internal',
    message: /^TypeError: .*rows.* \(.*failure\.test\.js:\d+:\d+\)$/,
  });
});

test('the kind and whether to try again are kept', () => {
  const driver = nothing(() => {
    throw new DriverError('network', 'no answer', { retryable: true });
  });
  assert.throws(() => run(driver), { kind: 'network', message: 'no answer', retryable: true });
  assert.equal(new DriverError('fantasy', 'x').kind, 'internal');
});

test('what is no error is one all the same', () => {
  for (const thrown of ['text', 3, null, undefined, {}]) {
    const driver = nothing(() => {
      throw thrown;
    });
    assert.throws(() => run(driver), { kind: 'internal', message: /^the driver threw .* which is no Error$/ });
  }
});

test('an async function is refused', () => {
  assert.throws(() => run(nothing(async () => ({}))), { message: /^`run` is async/ });
});

test('the output is opened once, and before it is used', () => {
  const schema = Schema.of({ id: types.int64 });
  assert.throws(() => run(nothing(() => ({}))), { message: /never opened its output/ });
  assert.throws(() => run(nothing((ctx, step, inputs, output) => output.sendRows([]))), { message: /not open yet/ });
  const twice = nothing((ctx, step, inputs, output) => {
    output.open(schema);
    output.open(schema);
  });
  assert.throws(() => run(twice), { message: /open already/ });
});

test('columns must fit the schema and each other', () => {
  const send = (columns) => () => run(nothing((ctx, step, inputs, output) => {
    output.open(Schema.of({ a: types.int64, b: types.int32 }));
    output.sendColumns(columns);
  }));
  assert.throws(send({ a: [1n] }), { message: /the column `b` is missing/ });
  assert.throws(send({ a: [1n], b: [1], c: [1] }), { message: /no column `c`/ });
  assert.throws(send({ a: [1n], b: [1, 2] }), { message: /`b` has 2 values, `a` has 1/ });
  assert.throws(send({ a: 'text', b: [] }), { message: /give an array/ });
  assert.throws(send({ a: [1n], b: new Float64Array([1.5]) }), { kind: 'data', message: /1.5 is no int32/ });
  send({ a: new BigInt64Array([1n]), b: new Int32Array([1]) })();
});

test('a batch is gone once the next one is asked for, and what was read of it stays', () => {
  const late = nothing((ctx, step, [input], output) => {
    output.open(input.schema);
    const first = input.next();
    const column = first.column('id');
    input.next();
    output.sendColumns({ id: column });
    output.forward(first);
  });
  assert.throws(() => run(late, { inputs: [ids] }), { message: /a batch is used after the next one/ });
});

test('state, logs and everything else can be looked at', () => {
  const driver = nothing((ctx, step, inputs, output) => {
    output.open(Schema.of({}));
    ctx.saveState({ runs: (ctx.loadState()?.runs ?? 0) + 1 });
    ctx.warn('careful');
    ctx.metric('pieces', 3n, 'rows', { part: 'a' });
    ctx.event('a.b', { c: 1 });
    ctx.progress(1, 2);
  });
  const done = run(driver, { state: { runs: 4 } });
  assert.deepEqual(done.state, { runs: 5 });
  assert.deepEqual(done.logs, [{ level: 'warn', message: 'careful' }]);
  assert.deepEqual(done.metrics, [{ name: 'pieces', value: 3, unit: 'rows', tags: { part: 'a' } }]);
  assert.deepEqual(done.events, [{ name: 'a.b', fields: { c: 1 } }]);
  assert.deepEqual(done.progress, [{ done: 1, total: 2 }]);
});

test('what a driver lacks is said, and doctor never fails', () => {
  assert.throws(() => discover({}), { kind: 'unsupported' });
  const columns = [{ name: 'id', type: types.int64, primaryKey: true }];
  const [found] = discover({ discover: () => [{ name: 't', columns }] });
  assert.deepEqual(found.columns, [{ name: 'id', format: 'l', nativeType: '', nullable: true, primaryKey: true }]);
  assert.equal(doctor({}).category, 'unknown');
  const failing = {
    doctor() {
      throw new Error('no answer');
    },
  };
  assert.deepEqual(doctor(failing), { category: 'unknown', latencyMs: null, message: 'no answer' });
});
