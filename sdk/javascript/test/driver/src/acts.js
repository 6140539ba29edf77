import { DriverError, Schema, types } from 'osiris-sdk';
import { readLines, replaceFile } from 'osiris-sdk/files';

/** Ways to go wrong, and everything else that a context is for. */
export const ACTS = {
  mistake: (ctx, step, inputs) => inputs[7].rows(),
  reject: () => {
    throw new DriverError('auth', 'the key is not known', { retryable: true });
  },
  'throw-text': () => {
    throw 'no error';
  },
  async: async () => ({}),
  surrogate: () => {
    throw new DriverError('data', 'half a pair: \ud800');
  },
  misfit: (ctx, step, inputs, output) => {
    output.open(Schema.of({ id: types.int64 }));
    output.sendRows([{ id: 1n }, { id: 2 ** 53 }]);
  },
  recursion: function again(...all) {
    return again(...all) + 1;
  },
  loop: () => {
    for (;;);
  },
  'use-late': (ctx, step, [input], output) => {
    output.open(input.schema);
    const first = input.next();
    input.next();
    output.forward(first);
  },
  nothing: () => ({}),
  copy: (ctx, { config, id }) => replaceFile(config.output, { id }, (file) => {
    for (const line of readLines(config.path)) file.write(`${line}\n`);
    return {};
  }),
  escape: (ctx, step) => replaceFile('../outside.txt', step, (file) => file.write('x')),
  tell: (ctx, step, inputs, output) => {
    ctx.info('it says');
    console.log('and so does console', { n: 1n });
    ctx.metric('javascript_pieces', 3, 'rows', { part: 'a' });
    ctx.metric('javascript_share', 0.5, 'rows');
    ctx.event('javascript.happened', { why: 'naïve' });
    ctx.progress(1, 2);
    ctx.checkCancelled();
    ctx.saveState({ runs: (ctx.loadState()?.runs ?? 0) + 1 });
    output.open(Schema.of({ runs: types.int64, folder: types.utf8 }));
    output.sendRows([{ runs: ctx.loadState()?.runs ?? 0, folder: ctx.artifactsDir.replace(/run_[^/]+/, 'run') }]);
    return {};
  },
};
