import { readColumn } from './arrays/index.js';
import { DriverError } from './error.js';
import { children } from './types.js';

/** Rows that an input gave. They stay with the host; a column is copied when it is asked for. */
export class Batch {
  #handle;
  #starts;
  #columns = new Map();

  /** @param {object} handle the host's batch */
  constructor(schema, handle) {
    this.schema = schema;
    /** How many rows there are. */
    this.length = Number(handle.rows());
    this.#handle = handle;
  }

  /** One column, by its name or its place: its values as they lie in Arrow's buffers. */
  column(column) {
    const at = this.schema.position(column);
    if (!this.#columns.has(at)) this.#columns.set(at, this.#read(at));
    return this.#columns.get(at);
  }

  /** The rows as objects, with all columns or with those that are named. */
  *rows(names = this.schema.names) {
    const columns = names.map((name) => this.column(name).toArray());
    const put = names.includes('__proto__') ? define : set;
    for (let row = 0; row < this.length; row++) {
      const object = {};
      for (let at = 0; at < names.length; at++) put(object, names[at], columns[at][row]);
      yield object;
    }
  }

  /** Gives the batch back to the host; what was read of it stays. The next one does it, too. */
  release() {
    this.#handle?.[Symbol.dispose]();
    this.#handle = null;
  }

  /** The host's own. */
  get handle() {
    if (this.#handle === null) {
      throw new DriverError('internal', 'a batch is used after the next one was asked for; read its columns before');
    }
    return this.#handle;
  }

  #read(at) {
    this.#starts ??= starts(this.schema, this.handle.nodes());
    const { nodes, node, buffer } = this.#starts[at];
    const parts = new Parts(this.handle, nodes, node, buffer);
    return readColumn(this.schema.fields[at].type, parts);
  }
}

/** Goes through nodes and buffers of a batch, depth first. */
class Parts {
  constructor(handle, nodes, node, buffer) {
    Object.assign(this, { handle, nodes, next: node, index: buffer });
  }

  node() {
    const { length, nullCount, buffers } = this.nodes[this.next++];
    return { length: Number(length), nullCount: Number(nullCount), buffers };
  }

  buffer() {
    return this.handle.buffer(this.index++);
  }
}

/** At which node and buffer each column starts. */
function starts(schema, nodes) {
  let [node, buffer] = [0, 0];
  const skip = (type) => {
    buffer += nodes[node++].buffers;
    children(type).forEach((child) => skip(child.type));
  };
  return schema.fields.map(({ type }) => {
    const start = { nodes, node, buffer };
    skip(type);
    return start;
  });
}

function set(object, name, value) {
  object[name] = value;
}

/** Sets a property of any name, `__proto__` too. */
function define(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
