import { DriverError } from './error.js';
import { formatOf, parseFormat } from './format.js';
import { children, field, typeName } from './types.js';

/** The columns of a table. */
export class Schema {
  /** @param {object[]} fields made by `field` */
  constructor(fields) {
    this.fields = Object.freeze([...fields]);
    this.index = new Map(this.fields.map(({ name }, index) => [name, index]));
    if (this.index.size < this.fields.length) {
      const twice = this.fields.find(({ name }, index) => this.index.get(name) !== index);
      throw new DriverError('internal', `two columns are named \`${twice.name}\``);
    }
    Object.freeze(this);
  }

  /** A schema of columns that may be null: `Schema.of({id: types.int64, name: types.utf8})`. */
  static of(columns) {
    return new Schema(Object.entries(columns).map(([name, type]) => field(name, type)));
  }

  get names() {
    return this.fields.map(({ name }) => name);
  }

  /** The place of a column, by its name or its place. */
  position(column) {
    const at = typeof column === 'number' ? column : this.index.get(column);
    if (this.fields[at] === undefined) {
      throw new DriverError('config', `there is no column \`${column}\`; there are: ${this.names.join(', ') || 'none'}`);
    }
    return at;
  }

  /** The place of a column that the configuration names, and that must be of that type. */
  find(name, type) {
    const at = this.position(name);
    const [found, wanted] = [typeName(this.fields[at].type), typeName(type)];
    if (found !== wanted) {
      throw new DriverError('config', `the column \`${name}\` is of type ${found}, not ${wanted}`);
    }
    return at;
  }

  /** The field of a column. */
  field(column) {
    return this.fields[this.position(column)];
  }

  equals(other) {
    return this === other || JSON.stringify(toWire(this)) === JSON.stringify(toWire(other));
  }
}

/** The schema flattened depth first, as the contract writes it. */
export function toWire(schema) {
  const wire = [];
  const add = ({ name, type, nullable, metadata }) => {
    const below = children(type);
    wire.push({
      name: name.toWellFormed(), format: formatOf(type), nullable,
      metadata: metadata.map((pair) => [...pair]), children: below.length,
    });
    below.forEach(add);
  };
  schema.fields.forEach(add);
  return wire;
}

/** Reads what `toWire` writes. */
export function fromWire(wire) {
  let next = 0;
  const read = () => {
    const { name, format, nullable, metadata, children: count } = wire[next++];
    const below = Array.from({ length: count }, read);
    return field(name, parseFormat(format, below), { nullable, metadata });
  };
  const fields = [];
  while (next < wire.length) fields.push(read());
  return new Schema(fields);
}
