// Counts words. The same driver in other languages lies in `sdk/*/examples/word_count`.
import { DriverError, Schema, encodeUtf8, field, types } from 'osiris-sdk';

/** How many rows go on at once. */
const BATCH = 8192;

const SCHEMA = new Schema([
  field('word', types.utf8, { nullable: false }),
  field('count', types.int64, { nullable: false }),
]);

export default {
  run(ctx, step, inputs, output) {
    if (inputs.length !== 1) throw new DriverError('config', 'this driver takes one table');
    const [input] = inputs;
    const { column, minimum } = step.config;
    input.schema.find(column, types.utf8);
    output.open(SCHEMA);
    const counts = new Map();
    for (const batch of input) {
      for (const text of batch.column(column)) {
        if (text !== null) count(text, counts);
      }
    }
    const words = [...counts].filter(([, times]) => times >= minimum);
    words.sort(([a, n], [b, m]) => m - n || byCodePoints(a, b));
    for (let at = 0; at < words.length; at += BATCH) {
      const some = words.slice(at, at + BATCH);
      output.sendColumns({ word: some.map(([word]) => word), count: some.map(([, times]) => times) });
    }
    return {};
  },

  doctor() {
    return { category: 'ok', message: 'there is nothing to connect to' };
  },
};

/** Counts the words of a text. */
function count(text, counts) {
  for (const word of text.split(/[ \t\n\f\r]+/)) {
    if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
  }
}

/** The order of UTF-8, which is that of code points; `<` compares halves of surrogate pairs. */
function byCodePoints(a, b) {
  const [left, right] = [encodeUtf8(a), encodeUtf8(b)];
  const differ = left.findIndex((byte, at) => byte !== right[at]);
  return differ === -1 ? left.length - right.length : left[differ] - (right[differ] ?? -1);
}
