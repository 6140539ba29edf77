// Writes a file of JSON lines.
import { DriverError, typeName } from 'osiris-sdk';
import { replaceFile } from 'osiris-sdk/files';

const INTEGERS = ['int8', 'int16', 'int32', 'int64'];
const FLOATS = ['float32', 'float64'];

export default {
  run(ctx, step, inputs) {
    if (inputs.length !== 1) throw new DriverError('unsupported', 'this driver writes one table');
    const [input] = inputs;
    const columns = input.schema.fields.map(({ name, type }) => ({ name, key: JSON.stringify(name), write: writer(name, type) }));
    // The file appears under its name once all of it is written, or not at all.
    return replaceFile(step.config.path, step, (file) => {
      let rowsWritten = 0;
      for (const batch of input) {
        const parts = columns.map(({ name, key, write }) => batch.column(name).toArray().map((value) => `${key}:${write(value)}`));
        for (let row = 0; row < batch.length; row++) {
          file.write(`{${parts.map((values) => values[row]).join(',')}}\n`);
        }
        rowsWritten += batch.length;
      }
      ctx.checkCancelled();
      return { rowsWritten };
    });
  },
};

/** How a column's values are written; an error before anything is, if JSON has no place for them. */
function writer(name, type) {
  const or = (write) => (value) => (value === null ? 'null' : write(value));
  if (INTEGERS.includes(type.id)) return or(String);
  if (['null', 'bool', 'utf8'].includes(type.id)) return or(JSON.stringify);
  if (FLOATS.includes(type.id)) {
    return or((value) => {
      if (!Number.isFinite(value)) throw new DriverError('data', `\`${name}\` holds a number that JSON lacks`);
      return Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
    });
  }
  throw new DriverError('unsupported', `the column \`${name}\` is of type ${typeName(type)}, which this driver does not write`);
}
