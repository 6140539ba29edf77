// Types as Arrow's C Data Interface spells them.
import { DriverError } from './error.js';
import { types } from './types.js';

const LEAVES = {
  n: 'null', b: 'bool', c: 'int8', s: 'int16', i: 'int32', l: 'int64',
  C: 'uint8', S: 'uint16', I: 'uint32', L: 'uint64', e: 'float16', f: 'float32', g: 'float64',
  u: 'utf8', U: 'largeUtf8', z: 'binary', Z: 'largeBinary', tdD: 'date32', tdm: 'date64',
  tiM: 'intervalMonths', tiD: 'intervalDayTime', tin: 'intervalMonthDayNano',
  '+l': 'list', '+L': 'largeList', '+s': 'struct',
};
const SPELT = Object.fromEntries(Object.entries(LEAVES).map(([format, id]) => [id, format]));
const UNITS = { s: 's', m: 'ms', u: 'us', n: 'ns' };
const LETTER = { s: 's', ms: 'm', us: 'u', ns: 'n' };

/** The format string of a type, without its children. */
export function formatOf(type) {
  switch (type.id) {
    case 'time': return `tt${LETTER[type.unit]}`;
    case 'duration': return `tD${LETTER[type.unit]}`;
    case 'timestamp': return `ts${LETTER[type.unit]}:${type.zone ?? ''}`;
    case 'decimal': return `d:${type.precision},${type.scale}${type.bits === 128 ? '' : `,${type.bits}`}`;
    case 'fixedBinary': return `w:${type.width}`;
    case 'fixedList': return `+w:${type.size}`;
    default: return SPELT[type.id];
  }
}

/** The type of a format string with these children. */
export function parseFormat(format, below) {
  if (Object.hasOwn(LEAVES, format)) {
    const id = LEAVES[format];
    if (id === 'struct') return types.struct(below);
    return format.startsWith('+') ? types[id](below[0]) : types[id];
  }
  const [, time, unit, zone] = /^t(t|D|s)([smun])(?::(.*))?$/.exec(format) ?? [];
  if (time === 't') return types.time(UNITS[unit]);
  if (time === 'D') return types.duration(UNITS[unit]);
  if (time === 's') return types.timestamp(UNITS[unit], zone || null);
  const [, kind, numbers] = /^(d|w|\+w):(-?\d+(?:,-?\d+)*)$/.exec(format) ?? [];
  const parts = numbers?.split(',').map(Number);
  if (kind === 'd') return types.decimal(...parts);
  if (kind === 'w') return types.fixedBinary(parts[0]);
  if (kind === '+w') return types.fixedList(below[0], parts[0]);
  throw new DriverError('unsupported', `the type \`${format}\` is none that this SDK knows`);
}
