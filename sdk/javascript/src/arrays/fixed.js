// Values of a fixed number of bytes: binary, decimals, intervals of days.
import { decimalToText, parseDecimal } from '../decimal.js';
import { Builder } from './builder.js';
import { Column } from './column.js';

export class FixedColumn extends Column {
  /** @param {Uint8Array} data the values, one after the other */
  constructor(type, length, nullCount, validity, data) {
    super(type, length, nullCount, validity);
    this.data = data;
    this.width = widthOf(type);
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.value = this[type.id];
  }

  static read(type, { length, nullCount, validity }, parts) {
    return new FixedColumn(type, length, nullCount, validity, parts.buffer());
  }

  fixedBinary(row) {
    return this.data.subarray(row * this.width, (row + 1) * this.width);
  }

  decimal(row) {
    return decimalToText(this.unscaled(row), this.type.scale);
  }

  /** The digits of a decimal without its point, or null. */
  unscaled(row) {
    if (this.isNull(row)) return null;
    const at = row * this.width;
    if (this.width === 4) return BigInt(this.view.getInt32(at, true));
    let number = this.view.getBigInt64(at + this.width - 8, true);
    for (let word = at + this.width - 16; word >= at; word -= 8) {
      number = (number << 64n) | this.view.getBigUint64(word, true);
    }
    return number;
  }

  intervalDayTime(row) {
    const at = row * 8;
    return { days: this.view.getInt32(at, true), milliseconds: this.view.getInt32(at + 4, true) };
  }

  intervalMonthDayNano(row) {
    const at = row * 16;
    return {
      months: this.view.getInt32(at, true),
      days: this.view.getInt32(at + 4, true),
      nanoseconds: this.view.getBigInt64(at + 8, true),
    };
  }

  buffers() {
    return [this.data.subarray(0, this.length * this.width)];
  }
}

/** Bytes of a value; none if they are not always as many. */
export function widthOf(type) {
  switch (type.id) {
    case 'fixedBinary': return type.width;
    case 'decimal': return type.bits / 8;
    case 'intervalDayTime': return 8;
    case 'intervalMonthDayNano': return 16;
    default: return undefined;
  }
}

export class FixedBuilder extends Builder {
  values = [];

  constructor(field) {
    super(field);
    this.width = widthOf(field.type);
    this.push = this[field.type.id];
  }

  pushNull() {
    this.values.push(null);
  }

  fixedBinary(value) {
    if (!(value instanceof Uint8Array)) throw this.misfit(value, 'give a Uint8Array');
    if (value.length !== this.width) throw this.misfit(value, `it has ${value.length} bytes`);
    this.values.push(value);
  }

  decimal(value) {
    const { precision, scale } = this.field.type;
    if (typeof value !== 'string') throw this.misfit(value, 'give it as text, like "1.50"');
    const number = parseDecimal(value, scale);
    if (number === null) throw this.misfit(value, `it is no number with at most ${scale} digits after the point`);
    if (number <= -(10n ** BigInt(precision)) || number >= 10n ** BigInt(precision)) {
      throw this.misfit(value, `it has more than ${precision} digits`);
    }
    this.values.push(number);
  }

  intervalDayTime(value) {
    this.values.push([this.int32(value, 'days'), this.int32(value, 'milliseconds')]);
  }

  intervalMonthDayNano(value) {
    const { nanoseconds } = Object(value);
    if (typeof nanoseconds !== 'bigint' || BigInt.asIntN(64, nanoseconds) !== nanoseconds) {
      throw this.misfit(value, 'give {months, days, nanoseconds}, with a BigInt of nanoseconds');
    }
    this.values.push([this.int32(value, 'months'), this.int32(value, 'days'), nanoseconds]);
  }

  int32(value, part) {
    const number = Object(value)[part];
    if ((number | 0) !== number) throw this.misfit(value, `its \`${part}\` must be an integer of 32 bits`);
    return number;
  }

  finish() {
    const { field: { type }, length, missing, values, width } = this;
    const data = new Uint8Array(length * width);
    const view = new DataView(data.buffer);
    values.forEach((value, row) => {
      if (value !== null) write(view, data, row * width, width, value);
    });
    return new FixedColumn(type, length, missing.length, this.validity(), data);
  }
}

function write(view, data, at, width, value) {
  if (value instanceof Uint8Array) {
    data.set(value, at);
  } else if (Array.isArray(value)) {
    value.forEach((part, index) => {
      if (typeof part === 'bigint') view.setBigInt64(at + 4 * index, part, true);
      else view.setInt32(at + 4 * index, part, true);
    });
  } else if (width === 4) {
    view.setInt32(at, Number(value), true);
  } else {
    for (let word = 0; word < width; word += 8) {
      view.setBigInt64(at + word, BigInt.asIntN(64, value >> BigInt(8 * word)), true);
    }
  }
}
