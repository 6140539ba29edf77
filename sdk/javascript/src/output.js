import { newBuilder, toColumn } from './arrays/index.js';
import { DriverError, asked } from './error.js';
import { toWire } from './schema.js';

/** The table that a step makes. */
export class Output {
  #writer;
  #schema = null;

  /** @param {object} writer the host's writer */
  constructor(writer) {
    this.#writer = writer;
  }

  /** Says what the columns are: once, before the first rows, and also when there will be none. */
  open(schema) {
    if (this.#schema !== null) throw new DriverError('internal', 'the output is open already');
    asked(() => this.#writer.open(toWire(schema)));
    this.#schema = schema;
  }

  /** The columns that `open` told. */
  get schema() {
    if (this.#schema === null) throw new DriverError('internal', 'the output is not open yet: call `open` with a schema first');
    return this.#schema;
  }

  /**
   * Sends objects as rows. A property that is missing is null; one that is no column is an error.
   * 8,000 to 32,000 rows at once go fastest. Waits while the steps behind are busy.
   */
  sendRows(rows) {
    const { fields, index } = this.schema;
    const builders = fields.map(newBuilder);
    const names = this.schema.names;
    let count = 0;
    for (const row of rows) {
      try {
        addRow(row, names, index, builders);
      } catch (error) {
        throw error.within?.(`row ${count} of ${rows.length ?? 'a batch'}`) ?? error;
      }
      count++;
    }
    this.#send(count, builders.map((builder) => builder.finish()));
  }

  /**
   * Sends whole columns, by their names: arrays, typed arrays of the column's own kind (nothing is
   * copied but once, to the host), or columns of a batch that was read.
   */
  sendColumns(columns) {
    const strange = Object.keys(columns).find((name) => !this.schema.index.has(name));
    if (strange !== undefined) throw new DriverError('internal', `there is no column \`${strange}\` in the output's schema`);
    const made = this.schema.fields.map((field) => {
      if (!Object.hasOwn(columns, field.name)) throw new DriverError('internal', `the column \`${field.name}\` is missing`);
      return toColumn(field, columns[field.name]);
    });
    const rows = made[0]?.length ?? 0;
    made.forEach((column, at) => {
      if (column.length !== rows) {
        const [first, other] = [this.schema.fields[0], this.schema.fields[at]];
        throw new DriverError('internal', `the column \`${other.name}\` has ${column.length} values, \`${first.name}\` has ${rows}`);
      }
    });
    this.#send(rows, made);
  }

  /** Sends on a batch as it came, without a copy. Its columns must be those of this output. */
  forward(batch) {
    if (!this.schema.equals(batch.schema)) {
      throw new DriverError('internal', 'a batch of other columns cannot be forwarded');
    }
    asked(() => this.#writer.forward(batch.handle));
  }

  #send(rows, columns) {
    if (rows === 0) return;
    const nodes = [];
    const sink = {
      node: (length, nullCount, buffers) => nodes.push({ length, nullCount, buffers }),
      buffer: (bytes) => this.#writer.push(bytes),
    };
    columns.forEach((column) => column.write(sink));
    asked(() => this.#writer.send(rows, nodes));
  }
}

function addRow(row, names, index, builders) {
  if (typeof row !== 'object' || row === null) throw new DriverError('internal', 'a row is an object');
  let found = 0;
  for (let at = 0; at < names.length; at++) {
    const there = Object.hasOwn(row, names[at]);
    if (there) found++;
    builders[at].add(there ? row[names[at]] : null);
  }
  const own = Object.keys(row);
  if (own.length > found) {
    const strange = own.find((name) => !index.has(name));
    if (strange !== undefined) throw new DriverError('internal', `there is no column \`${strange}\` in the output's schema`);
  }
}
