import { DriverError } from './error.js';

/** Bits of a decimal, and the most digits that fit. */
const DIGITS = { 32: 9, 64: 18, 128: 38, 256: 76 };
const UNITS = ['s', 'ms', 'us', 'ns'];

const plain = (id) => Object.freeze({ id });
const made = (type) => Object.freeze(type);

function need(fits, message) {
  if (!fits) throw new DriverError('internal', message);
}

/**
 * The Arrow types, every one that the contract lets cross. Those with parameters are functions.
 */
export const types = Object.freeze({
  null: plain('null'),
  bool: plain('bool'),
  int8: plain('int8'),
  int16: plain('int16'),
  int32: plain('int32'),
  int64: plain('int64'),
  uint8: plain('uint8'),
  uint16: plain('uint16'),
  uint32: plain('uint32'),
  uint64: plain('uint64'),
  float16: plain('float16'),
  float32: plain('float32'),
  float64: plain('float64'),
  utf8: plain('utf8'),
  largeUtf8: plain('largeUtf8'),
  binary: plain('binary'),
  largeBinary: plain('largeBinary'),
  /** Days since 1970-01-01. */
  date32: plain('date32'),
  /** Milliseconds since 1970-01-01. */
  date64: plain('date64'),
  intervalMonths: plain('intervalMonths'),
  intervalDayTime: plain('intervalDayTime'),
  intervalMonthDayNano: plain('intervalMonthDayNano'),

  /** Time since midnight: 32 bits of s or ms, 64 bits of us or ns. */
  time(unit) {
    need(UNITS.includes(unit), `time(${JSON.stringify(unit)}): a unit is s, ms, us or ns`);
    return made({ id: 'time', unit });
  },
  /** Units since 1970-01-01 00:00: in UTC if there is a zone, else a wall clock's. */
  timestamp(unit, zone = null) {
    need(UNITS.includes(unit), `timestamp(${JSON.stringify(unit)}): a unit is s, ms, us or ns`);
    need(zone === null || typeof zone === 'string', 'timestamp: a zone is a text like UTC or Europe/Prague');
    return made({ id: 'timestamp', unit, zone: zone || null });
  },
  duration(unit) {
    need(UNITS.includes(unit), `duration(${JSON.stringify(unit)}): a unit is s, ms, us or ns`);
    return made({ id: 'duration', unit });
  },
  /** Numbers of so many digits, of which `scale` are after the point. */
  decimal(precision, scale, bits = 128) {
    const most = DIGITS[bits];
    need(most !== undefined, `decimal: ${bits} bits; there are 32, 64, 128 and 256`);
    need(
      Number.isInteger(precision) && precision >= 1 && precision <= most,
      `decimal: a precision of ${precision}; ${bits} bits hold 1 to ${most} digits`,
    );
    need(
      Number.isInteger(scale) && scale >= -most && scale <= precision,
      `decimal: a scale of ${scale}; it is no more than the precision of ${precision}`,
    );
    return made({ id: 'decimal', precision, scale, bits });
  },
  /** Bytes, always as many. */
  fixedBinary(width) {
    need(Number.isInteger(width) && width >= 0, `fixedBinary: a width of ${width}`);
    return made({ id: 'fixedBinary', width });
  },
  /** Any number of values; `item` is a type or a field. */
  list: (item) => made({ id: 'list', item: itemField(item) }),
  largeList: (item) => made({ id: 'largeList', item: itemField(item) }),
  /** Always as many values. */
  fixedList(item, size) {
    need(Number.isInteger(size) && size >= 0, `fixedList: a size of ${size}`);
    return made({ id: 'fixedList', item: itemField(item), size });
  },
  /** One value of each field. */
  struct: (fields) => made({ id: 'struct', fields: Object.freeze([...fields]) }),
});

const itemField = (item) => (item?.type ? item : field('item', item));

/**
 * A column, or a part of a nested type.
 *
 * @param {string} name
 * @param {object} type one of `types`
 * @param {{nullable?: boolean, metadata?: [string, string][]}} [options] nullable unless told otherwise
 */
export function field(name, type, { nullable = true, metadata = [] } = {}) {
  need(typeof name === 'string', `a column's name is a text, not ${typeof name}`);
  need(typeof type?.id === 'string', `column \`${name}\`: the type is missing; use one of \`types\``);
  return Object.freeze({ name, type, nullable, metadata: Object.freeze(metadata.map((pair) => Object.freeze([...pair]))) });
}

/** The parts of a nested type, in order; none for any other. */
export function children(type) {
  return type.fields ?? (type.item ? [type.item] : []);
}

/** A type as people write it. */
export function typeName(type) {
  switch (type.id) {
    case 'time': case 'duration': return `${type.id}(${type.unit})`;
    case 'timestamp': return `timestamp(${type.unit}${type.zone ? `, ${type.zone}` : ''})`;
    case 'decimal': return `decimal(${type.precision}, ${type.scale}${type.bits === 128 ? '' : `, ${type.bits}`})`;
    case 'fixedBinary': return `fixedBinary(${type.width})`;
    case 'list': case 'largeList': return `${type.id}(${typeName(type.item.type)})`;
    case 'fixedList': return `fixedList(${typeName(type.item.type)}, ${type.size})`;
    case 'struct': return `struct(${type.fields.map(({ name, type: of }) => `${name}: ${typeName(of)}`).join(', ')})`;
    default: return type.id;
  }
}
