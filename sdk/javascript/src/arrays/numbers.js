// Numbers of all widths, and what is counted in them: dates, times, timestamps, durations.
import { Builder } from './builder.js';
import { Column, bytesOf, view } from './column.js';
import { float16, fromFloat16 } from './float16.js';

const ARRAYS = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  float16: Uint16Array, float32: Float32Array, float64: Float64Array,
  date32: Int32Array, date64: BigInt64Array, intervalMonths: Int32Array,
  timestamp: BigInt64Array, duration: BigInt64Array,
};
const FLOATS = ['float16', 'float32', 'float64'];

/** The typed array that holds the values of a type; none if it holds no plain numbers. */
export function arrayOf(type) {
  if (type.id === 'time') return ['s', 'ms'].includes(type.unit) ? Int32Array : BigInt64Array;
  return ARRAYS[type.id];
}

export class NumbersColumn extends Column {
  /** @param {Int32Array | BigInt64Array | Float64Array} values what lies at a missing one means nothing */
  constructor(type, length, nullCount, validity, values) {
    super(type, length, nullCount, validity);
    this.values = values;
    if (type.id === 'float16') this.value = (row) => fromFloat16(values[row]);
  }

  static read(type, { length, nullCount, validity }, parts) {
    const Numbers = arrayOf(type);
    return new NumbersColumn(type, length, nullCount, validity, view(Numbers, parts.buffer(), length));
  }

  value(row) {
    return this.values[row];
  }

  toArray() {
    return this.nullCount > 0 || this.type.id === 'float16' ? super.toArray() : Array.from(this.values);
  }

  buffers() {
    return [bytesOf(this.values)];
  }
}

export class NumbersBuilder extends Builder {
  constructor(field) {
    super(field);
    this.Numbers = arrayOf(field.type);
    this.values = [];
    if (FLOATS.includes(field.type.id)) {
      this.push = field.type.id === 'float16' ? this.pushFloat16 : this.pushFloat;
    } else if (this.Numbers === BigInt64Array || this.Numbers === BigUint64Array) {
      const signed = this.Numbers === BigInt64Array;
      [this.least, this.most] = signed ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
      this.zero = 0n;
      this.push = this.pushBigInt;
    } else {
      const bits = 8 * this.Numbers.BYTES_PER_ELEMENT;
      const signed = this.Numbers.name.startsWith('Int');
      [this.least, this.most] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
      this.push = this.pushInteger;
    }
  }

  pushNull() {
    this.values.push(this.zero ?? 0);
  }

  pushInteger(value) {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (!Number.isInteger(number)) throw this.misfit(value);
    if (number < this.least || number > this.most) throw this.misfit(value, `it takes ${this.least} to ${this.most}`);
    this.values.push(number);
  }

  pushBigInt(value) {
    let number = value;
    if (typeof value === 'number') {
      // Beyond this a number may be another one than was written.
      if (!Number.isSafeInteger(value)) throw this.misfit(value, 'give a BigInt, like 1n');
      number = BigInt(value);
    }
    if (typeof number !== 'bigint') throw this.misfit(value, 'give a BigInt, like 1n');
    if (number < this.least || number > this.most) throw this.misfit(value, `it takes ${this.least} to ${this.most}`);
    this.values.push(number);
  }

  pushFloat(value) {
    if (typeof value !== 'number') throw this.misfit(value);
    this.values.push(value);
  }

  pushFloat16(value) {
    if (typeof value !== 'number') throw this.misfit(value);
    this.values.push(float16(value));
  }

  finish() {
    const { field: { type }, length, missing } = this;
    return new NumbersColumn(type, length, missing.length, this.validity(), new this.Numbers(this.values));
  }
}
