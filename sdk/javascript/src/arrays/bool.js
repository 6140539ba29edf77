import { Builder } from './builder.js';
import { Column } from './column.js';

export class BoolColumn extends Column {
  /** @param {Uint8Array} bits a bit a value, lowest first */
  constructor(type, length, nullCount, validity, bits) {
    super(type, length, nullCount, validity);
    this.bits = bits;
  }

  static read(type, { length, nullCount, validity }, parts) {
    return new BoolColumn(type, length, nullCount, validity, parts.buffer());
  }

  value(row) {
    return (this.bits[row >> 3] & (1 << (row & 7))) !== 0;
  }

  buffers() {
    return [this.bits.subarray(0, (this.length + 7) >> 3)];
  }
}

export class BoolBuilder extends Builder {
  bits = [];

  push(value) {
    if (typeof value !== 'boolean') throw this.misfit(value);
    this.set(value);
  }

  pushNull() {
    this.set(false);
  }

  set(value) {
    if ((this.length & 7) === 0) this.bits.push(0);
    if (value) this.bits[this.length >> 3] |= 1 << (this.length & 7);
  }

  finish() {
    const { field: { type }, length, missing } = this;
    return new BoolColumn(type, length, missing.length, this.validity(), Uint8Array.from(this.bits));
  }
}

/** A column of nothing but missing values: only their number. */
export class NullColumn extends Column {
  constructor(type, length) {
    super(type, length, 0, null);
  }

  static read(type, { length }) {
    return new NullColumn(type, length);
  }

  isNull() {
    return true;
  }

  write(sink) {
    sink.node(this.length, this.length, 0);
  }
}

export class NullBuilder extends Builder {
  push(value) {
    throw this.misfit(value, 'such a column holds only null');
  }

  pushNull() {}

  finish() {
    return new NullColumn(this.field.type, this.length);
  }
}
