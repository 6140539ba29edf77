// Keeps the texts that are long enough, with their lengths.
import { DriverError, Schema, field, types } from 'osiris-sdk';

export default {
  run(ctx, step, inputs, output) {
    if (inputs.length !== 1) throw new DriverError('unsupported', 'this driver takes one table');
    const [input] = inputs;
    const { column, minimum = 1 } = step.config;
    input.schema.find(column, types.utf8);
    output.open(new Schema([
      field(column, types.utf8, { nullable: false }),
      field('characters', types.int64, { nullable: false }),
    ]));
    for (const batch of input) {
      const [texts, lengths] = [[], []];
      // Only this column is copied from the host.
      for (const text of batch.column(column)) {
        const characters = text === null ? -1 : [...text].length;
        if (characters >= minimum) {
          texts.push(text);
          lengths.push(characters);
        }
      }
      output.sendColumns(Object.fromEntries([[column, texts], ['characters', lengths]]));
    }
    return {};
  },
};
