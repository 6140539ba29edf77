import { Batch } from '../batch.js';
import { Output } from '../output.js';
import { fromWire } from '../schema.js';
import { told } from './context.js';

/** A batch as the host holds it. */
class MemoryBatch {
  constructor(rows, nodes, buffers) {
    Object.assign(this, { count: rows, list: nodes, held: buffers });
  }

  rows() {
    return this.count;
  }

  nodes() {
    return this.list;
  }

  buffer(index) {
    return this.held[index].slice();
  }

  [Symbol.dispose]() {}
}

/** A table in memory, in the layout in which tables cross. */
export class MemoryTable {
  batches = [];
  failing = null;

  constructor(wire) {
    this.wire = wire;
    this.schema = fromWire(wire);
  }

  static of(schema, rows, batchRows) {
    const writer = new MemoryWriter();
    const output = new Output(writer);
    output.open(schema);
    for (let at = 0; at < rows.length; at += batchRows) output.sendRows(rows.slice(at, at + batchRows));
    return writer.table;
  }

  /** All rows, as objects. */
  rows() {
    return this.batches.flatMap((batch) => [...new Batch(this.schema, batch).rows()]);
  }
}

/** The contract's `reader` of a table in memory. */
export class MemoryReader {
  #next = 0;

  constructor(table, host) {
    this.table = table;
    this.host = host;
  }

  schema() {
    return this.table.wire;
  }

  next() {
    this.host.checkCancelled();
    if (this.#next < this.table.batches.length) return this.table.batches[this.#next++];
    if (this.table.failing !== null) throw told('upstream', this.table.failing);
    return null;
  }
}

/** The contract's `writer` that keeps the table, after checks like the host's. */
export class MemoryWriter {
  table = null;
  #pushed = [];

  open(wire) {
    if (this.table !== null) throw new Error('it opened its output twice');
    this.table = new MemoryTable(JSON.parse(JSON.stringify(wire)));
  }

  push(buffer) {
    if (!(buffer instanceof Uint8Array)) throw new TypeError('a buffer is a Uint8Array');
    this.#pushed.push(buffer.slice());
  }

  send(rows, nodes) {
    const batch = new MemoryBatch(rows, nodes, this.#pushed);
    this.#pushed = [];
    check(this.table.schema, batch);
    this.table.batches.push(batch);
  }

  forward(batch) {
    this.table.batches.push(batch);
  }
}

/** Reads all of a batch, and sees that nothing is left over. */
function check(schema, handle) {
  const batch = new Batch(schema, handle);
  const expected = handle.nodes().reduce((sum, { buffers }) => sum + buffers, 0);
  if (handle.held.length !== expected) {
    throw told('internal', `${handle.held.length} buffers were pushed, and the nodes speak of ${expected}`);
  }
  for (const { name, nullable } of schema.fields) {
    const column = batch.column(name);
    const values = column.toArray();
    if (values.length !== batch.length) {
      throw told('data', `column \`${name}\` has ${values.length} values for ${batch.length} rows`);
    }
    const missing = values.filter((value) => value === null).length;
    if (column.type.id !== 'null' && missing !== column.nullCount) {
      throw told('data', `column \`${name}\`: its node says ${column.nullCount} nulls; there are ${missing}`);
    }
    if (missing > 0 && !nullable) throw told('data', `column \`${name}\` may not be null`);
  }
}
