import { DriverError } from '../error.js';
import { typeName } from '../types.js';

/** Collects the values of one column. */
export class Builder {
  constructor(field) {
    this.field = field;
    this.length = 0;
    this.missing = [];
  }

  /** Adds a value; null and undefined are missing ones. */
  add(value) {
    if (value !== null && value !== undefined) {
      this.push(value);
      this.length++;
    } else if (this.field.nullable) {
      this.addNull();
    } else {
      throw new DriverError('data', `\`${this.field.name}\`: a value is missing, and it may not be null`);
    }
  }

  /** Adds a missing value, also where a struct or list above is missing as a whole. */
  addNull() {
    this.missing.push(this.length);
    this.pushNull();
    this.length++;
  }

  /** The validity bitmap; null if no value is missing. */
  validity() {
    if (this.missing.length === 0) return null;
    const bits = new Uint8Array((this.length + 7) >> 3).fill(0xff);
    for (const row of this.missing) bits[row >> 3] &= ~(1 << (row & 7));
    return bits;
  }

  /** That a value is not of the column's type. */
  misfit(value, hint = '') {
    const { name, type } = this.field;
    return new DriverError('data', `\`${name}\`: ${shown(value)} is no ${typeName(type)}${hint && `; ${hint}`}`);
  }
}

/** A value in a message, whatever it is. */
function shown(value) {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return `an object (${value?.constructor?.name ?? 'without a class'})`;
  if (typeof value === 'function') return 'a function';
  return String(value);
}
