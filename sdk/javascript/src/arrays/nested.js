// Lists and structs.
import { DriverError } from '../error.js';
import { Builder } from './builder.js';
import { Column, bytesOf, view } from './column.js';
import { newBuilder, readColumn } from './index.js';

const offsetsOf = (type) => (type.id === 'largeList' ? BigInt64Array : Int32Array);

export class ListColumn extends Column {
  /**
   * @param {Int32Array | BigInt64Array | null} offsets where each list starts among `items`; null if all are as long
   * @param {Column} items the values of all lists, one after the other
   */
  constructor(type, length, nullCount, validity, offsets, items) {
    super(type, length, nullCount, validity);
    this.offsets = offsets;
    this.items = items;
  }

  static read(type, { length, nullCount, validity }, parts) {
    const Offsets = offsetsOf(type);
    let offsets = null;
    if (type.id !== 'fixedList') {
      const bytes = parts.buffer();
      offsets = bytes.length === 0 ? new Offsets(1) : view(Offsets, bytes, length + 1);
    }
    return new ListColumn(type, length, nullCount, validity, offsets, readColumn(type.item.type, parts));
  }

  value(row) {
    const { offsets, items, type: { size } } = this;
    const [from, to] = offsets ? [Number(offsets[row]), Number(offsets[row + 1])] : [row * size, (row + 1) * size];
    const values = [];
    for (let at = from; at < to; at++) values.push(items.get(at));
    return values;
  }

  buffers() {
    return this.offsets ? [bytesOf(this.offsets)] : [];
  }

  children() {
    return [this.items];
  }
}

export class ListBuilder extends Builder {
  lengths = [];

  constructor(field) {
    super(field);
    this.size = field.type.size;
    this.items = newBuilder(field.type.item);
  }

  push(value) {
    if (!Array.isArray(value) && !ArrayBuffer.isView(value)) throw this.misfit(value, 'give an array');
    if (this.size !== undefined && value.length !== this.size) throw this.misfit(value, `it has ${value.length} values`);
    for (const item of value) this.items.add(item);
    this.lengths.push(value.length);
  }

  pushNull() {
    for (let count = 0; count < (this.size ?? 0); count++) this.items.addNull();
    this.lengths.push(0);
  }

  finish() {
    const { field: { type }, length, missing, lengths } = this;
    let offsets = null;
    if (this.size === undefined) {
      const Offsets = offsetsOf(type);
      offsets = new Offsets(length + 1);
      let at = 0;
      for (let row = 0; row < length; row++) {
        at += lengths[row];
        offsets[row + 1] = Offsets === Int32Array ? at : BigInt(at);
      }
    }
    return new ListColumn(type, length, missing.length, this.validity(), offsets, this.items.finish());
  }
}

export class StructColumn extends Column {
  /** @param {Column[]} columns one for each field */
  constructor(type, length, nullCount, validity, columns) {
    super(type, length, nullCount, validity);
    this.columns = columns;
  }

  static read(type, { length, nullCount, validity }, parts) {
    const columns = type.fields.map((field) => readColumn(field.type, parts));
    return new StructColumn(type, length, nullCount, validity, columns);
  }

  value(row) {
    const { fields } = this.type;
    const names = new Set(fields.map(({ name }) => name));
    if (names.size < fields.length) {
      throw new DriverError('unsupported', 'a struct has two fields of one name; read its `columns`');
    }
    // This way a field may have any name, `__proto__` too.
    return Object.fromEntries(fields.map(({ name }, index) => [name, this.columns[index].get(row)]));
  }

  buffers() {
    return [];
  }

  children() {
    return this.columns;
  }
}

export class StructBuilder extends Builder {
  constructor(field) {
    super(field);
    this.names = field.type.fields.map(({ name }) => name);
    this.columns = field.type.fields.map(newBuilder);
  }

  push(value) {
    if (typeof value !== 'object' || Array.isArray(value)) throw this.misfit(value, 'give an object');
    const strange = Object.keys(value).find((name) => !this.names.includes(name));
    if (strange !== undefined) throw this.misfit(value, `it has no field \`${strange}\``);
    this.columns.forEach((column, index) => {
      const name = this.names[index];
      column.add(Object.hasOwn(value, name) ? value[name] : null);
    });
  }

  pushNull() {
    for (const column of this.columns) column.addNull();
  }

  finish() {
    const { field: { type }, length, missing } = this;
    const columns = this.columns.map((column) => column.finish());
    return new StructColumn(type, length, missing.length, this.validity(), columns);
  }
}
