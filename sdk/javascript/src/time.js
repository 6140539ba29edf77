import { DriverError } from './error.js';
import { typeName } from './types.js';

/** How many of a unit a millisecond has, or how many milliseconds it has. */
const PER_MS = { us: 1000n, ns: 1000000n };
const MS_PER = { s: 1000n, ms: 1n };
const DAY = 86400000;

/** A date or timestamp as a Date. What is finer than a millisecond is cut off: the value itself keeps it. */
export function toDate(value, type) {
  if (value === null) return null;
  if (type.id === 'date32') return new Date(value * DAY);
  const unit = unitOf(type);
  const ms = PER_MS[unit] ? floor(value, PER_MS[unit]) : value * MS_PER[unit];
  return new Date(Number(ms));
}

/** A Date as a value of a date or timestamp; what the type cannot hold is an error. */
export function fromDate(date, type) {
  if (date === null) return null;
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new DriverError('data', 'the Date is not valid');
  if (type.id === 'date32') {
    if (ms % DAY !== 0) throw new DriverError('data', `${date.toISOString()} is no ${typeName(type)}: it has a time of day`);
    return ms / DAY;
  }
  const unit = unitOf(type);
  if (PER_MS[unit]) return BigInt(ms) * PER_MS[unit];
  if (BigInt(ms) % MS_PER[unit] !== 0n) {
    throw new DriverError('data', `${date.toISOString()} is no ${typeName(type)}: it has parts of a second`);
  }
  return BigInt(ms) / MS_PER[unit];
}

function unitOf(type) {
  if (type.id === 'timestamp') return type.unit;
  if (type.id === 'date64') return 'ms';
  throw new DriverError('internal', `${typeName(type)} is no date and no timestamp`);
}

function floor(value, by) {
  return value / by - (value % by < 0n ? 1n : 0n);
}
