// Reads a file of JSON lines.
import { DriverError, Schema, types } from 'osiris-sdk';
import { readLines } from 'osiris-sdk/files';

/** How many rows go on at once. */
const BATCH = 8192;

/** What the configuration calls a type: the column's, and how a value of JSON becomes one of it. */
const KINDS = {
  text: { type: types.utf8, expected: 'text', read: (value) => (typeof value === 'string' ? value : undefined) },
  // JSON.parse is exact up to 2^53; what lies beyond is refused, not rounded.
  integer: { type: types.int64, expected: 'an integer below 2^53', read: (value) => (Number.isSafeInteger(value) ? BigInt(value) : undefined) },
  number: { type: types.float64, expected: 'a number', read: (value) => (Number.isFinite(value) ? value : undefined) },
  boolean: { type: types.bool, expected: 'true or false', read: (value) => (typeof value === 'boolean' ? value : undefined) },
};

export default {
  run(ctx, step, inputs, output) {
    const { path, columns } = step.config;
    const fields = columns.map(({ name, type = 'text' }) => ({ name, ...KINDS[type] }));
    const lines = readLines(path);
    let line = lines.next();
    output.open(Schema.of(Object.fromEntries(fields.map(({ name, type }) => [name, type]))));
    let rows = [];
    for (let number = 1; !line.done; number++) {
      try {
        rows.push(row(line.value, fields));
      } catch (error) {
        throw error.within(`${path}, line ${number}`);
      }
      if (rows.length === BATCH) {
        // Waits while the steps behind are busy, and fails once the run is cancelled.
        output.sendRows(rows);
        rows = [];
      }
      line = lines.next();
    }
    ctx.checkCancelled();
    output.sendRows(rows);
    return {};
  },
};

/** The row of a line. */
function row(line, fields) {
  const object = parse(line);
  const read = fields.map((field) => [field.name, value(object, field)]);
  return Object.fromEntries(read);
}

function parse(line) {
  let object;
  try {
    object = JSON.parse(line);
  } catch (error) {
    throw new DriverError('data', `this is no JSON object: ${error.message}`);
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new DriverError('data', 'this is no JSON object');
  }
  return object;
}

function value(object, { name, expected, read }) {
  const found = Object.hasOwn(object, name) ? object[name] : null;
  if (found === null) return null;
  const made = read(found);
  if (made === undefined) {
    throw new DriverError('data', `\`${name}\` is ${JSON.stringify(found)}, not ${expected}`);
  }
  return made;
}
