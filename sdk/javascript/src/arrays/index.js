import { DriverError } from '../error.js';
import { typeName } from '../types.js';
import { BoolBuilder, BoolColumn, NullBuilder, NullColumn } from './bool.js';
import { BytesBuilder, BytesColumn } from './bytes.js';
import { Column } from './column.js';
import { FixedBuilder, FixedColumn, widthOf } from './fixed.js';
import { ListBuilder, ListColumn, StructBuilder, StructColumn } from './nested.js';
import { NumbersBuilder, NumbersColumn, arrayOf } from './numbers.js';

/** How a type's values lie, read and built. */
function kind(type) {
  switch (type.id) {
    case 'null': return [NullColumn, NullBuilder];
    case 'bool': return [BoolColumn, BoolBuilder];
    case 'utf8': case 'largeUtf8': case 'binary': case 'largeBinary': return [BytesColumn, BytesBuilder];
    case 'list': case 'largeList': case 'fixedList': return [ListColumn, ListBuilder];
    case 'struct': return [StructColumn, StructBuilder];
    default: return widthOf(type) === undefined ? [NumbersColumn, NumbersBuilder] : [FixedColumn, FixedBuilder];
  }
}

/** Reads the next column out of the parts of a batch. */
export function readColumn(type, parts) {
  const [Kind] = kind(type);
  const { length, nullCount, buffers } = parts.node();
  const validity = buffers > 0 ? parts.buffer() : null;
  return Kind.read(type, { length, nullCount, validity }, parts);
}

export function newBuilder(field) {
  const [, Kind] = kind(field.type);
  return new Kind(field);
}

/**
 * A column of values: of any array, or without a look at each value of a typed array or of
 * another column of the type.
 */
export function toColumn(field, values) {
  const { name, type, nullable } = field;
  if (values instanceof Column) {
    if (typeName(values.type) !== typeName(type)) {
      throw new DriverError('internal', `column \`${name}\` is of ${typeName(type)}, not ${typeName(values.type)}`);
    }
    if (values.nullCount > 0 && !nullable) {
      throw new DriverError('data', `\`${name}\`: ${values.nullCount} values are missing, and it may not be null`);
    }
    return values;
  }
  const Numbers = arrayOf(type);
  if (Numbers && type.id !== 'float16' && values instanceof Numbers) {
    return new NumbersColumn(type, values.length, 0, null, values);
  }
  if (typeof values?.[Symbol.iterator] !== 'function' || typeof values === 'string') {
    throw new DriverError('internal', `column \`${name}\`: give an array, a typed array or a column, not ${typeof values}`);
  }
  const builder = newBuilder(field);
  for (const value of values) builder.add(value);
  return builder.finish();
}
