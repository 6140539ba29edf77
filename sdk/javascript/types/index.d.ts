/** What may go wrong, as the host acts on it. */
export type Kind =
  | 'config' | 'auth' | 'permission' | 'network' | 'timeout' | 'not-found'
  | 'data' | 'upstream' | 'cancelled' | 'unsupported' | 'internal';

export const KINDS: readonly Kind[];

/** Why a driver could not do what it was asked for. Holds no secret. */
export class DriverError extends Error {
  constructor(kind: Kind, message: string, options?: { retryable?: boolean; cause?: unknown });
  readonly kind: Kind;
  readonly retryable: boolean;
  /** The same error with what was being done in front. */
  within(doing: string): DriverError;
}

export type Unit = 's' | 'ms' | 'us' | 'ns';

/** An Arrow type: one of `types`, or what one of its functions made. */
export interface DataType {
  readonly id: string;
  readonly unit?: Unit;
  readonly zone?: string | null;
  readonly precision?: number;
  readonly scale?: number;
  readonly bits?: 32 | 64 | 128 | 256;
  readonly width?: number;
  readonly size?: number;
  readonly item?: Field;
  readonly fields?: readonly Field[];
}

type Plain =
  | 'null' | 'bool' | 'int8' | 'int16' | 'int32' | 'int64' | 'uint8' | 'uint16' | 'uint32' | 'uint64'
  | 'float16' | 'float32' | 'float64' | 'utf8' | 'largeUtf8' | 'binary' | 'largeBinary'
  | 'date32' | 'date64' | 'intervalMonths' | 'intervalDayTime' | 'intervalMonthDayNano';

export const types: { readonly [id in Plain]: DataType } & {
  time(unit: Unit): DataType;
  timestamp(unit: Unit, zone?: string | null): DataType;
  duration(unit: Unit): DataType;
  decimal(precision: number, scale: number, bits?: 32 | 64 | 128 | 256): DataType;
  fixedBinary(width: number): DataType;
  list(item: DataType | Field): DataType;
  largeList(item: DataType | Field): DataType;
  fixedList(item: DataType | Field, size: number): DataType;
  struct(fields: Iterable<Field>): DataType;
};

export interface Field {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  readonly metadata: readonly (readonly [string, string])[];
}

/** A column, or a part of a nested type; nullable unless told otherwise. */
export function field(
  name: string,
  type: DataType,
  options?: { nullable?: boolean; metadata?: [string, string][] },
): Field;

/** A type as people write it. */
export function typeName(type: DataType): string;

/** The columns of a table. */
export class Schema {
  constructor(fields: Iterable<Field>);
  /** A schema of columns that may be null. */
  static of(columns: Record<string, DataType>): Schema;
  readonly fields: readonly Field[];
  readonly names: string[];
  position(column: string | number): number;
  /** The place of a column that the configuration names, and that must be of that type. */
  find(name: string, type: DataType): number;
  field(column: string | number): Field;
  equals(other: Schema): boolean;
}

/** A value of a row; the table of types in the README says which type has which. */
export type Value =
  | null | boolean | number | bigint | string | Uint8Array | Value[] | { [name: string]: Value };
export type Row = { [column: string]: Value };

type Numbers =
  | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array | Uint32Array
  | BigUint64Array | Float32Array | Float64Array;

/** The values of one column of a batch, in Arrow's layout. */
export class Column implements Iterable<Value> {
  readonly type: DataType;
  readonly length: number;
  readonly nullCount: number;
  /** A bit a value, 1 where it is there, lowest first; null if all are. */
  readonly validity: Uint8Array | null;
  /** Of numbers, dates and times: what lies at a missing one means nothing. */
  readonly values?: Numbers;
  /** Of texts, bytes and lists: where each starts. */
  readonly offsets?: Int32Array | BigInt64Array | null;
  /** Of texts, bytes and decimals: the bytes. */
  readonly data?: Uint8Array;
  /** Of booleans. */
  readonly bits?: Uint8Array;
  /** Of lists: the values of all lists. */
  readonly items?: Column;
  /** Of structs: one for each field. */
  readonly columns?: Column[];
  isNull(row: number): boolean;
  get(row: number): Value;
  /** Of texts and bytes: the bytes of a row, where they lie. */
  bytes?(row: number): Uint8Array;
  /** Of decimals: the digits without the point. */
  unscaled?(row: number): bigint | null;
  toArray(): Value[];
  [Symbol.iterator](): Iterator<Value>;
}

/** Rows that an input gave; a column is copied when it is asked for. */
export class Batch {
  readonly schema: Schema;
  readonly length: number;
  column(column: string | number): Column;
  rows(names?: string[]): Generator<Row>;
  /** Gives the batch back to the host; the next one does it, too. */
  release(): void;
}

/** A table that an upstream step makes. */
export class Input implements Iterable<Batch> {
  readonly name: string;
  readonly schema: Schema;
  next(): Batch | null;
  rows(names?: string[]): Generator<Row>;
  [Symbol.iterator](): Iterator<Batch>;
}

/** The table that a step makes. */
export class Output {
  readonly schema: Schema;
  /** Says what the columns are: once, before the first rows, and also when there will be none. */
  open(schema: Schema): void;
  /** Sends objects as rows: 8,000 to 32,000 at once go fastest. */
  sendRows(rows: Iterable<Record<string, unknown>>): void;
  /** Sends whole columns: arrays, typed arrays of the column's kind, or columns that were read. */
  sendColumns(columns: Record<string, Iterable<unknown> | Numbers | Column>): void;
  /** Sends on a batch as it came, without a copy. */
  forward(batch: Batch): void;
}

/** The way to the host while a call runs. */
export class Context {
  log(level: 'trace' | 'debug' | 'info' | 'warn' | 'error', message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  metric(
    name: string,
    value: number | bigint,
    unit: 'rows' | 'ms' | 'bytes' | 'seconds' | 'files' | 'code' | 'calls',
    tags?: Record<string, string>,
  ): void;
  /** `name` is `category.action`. */
  event(name: string, fields?: Record<string, unknown>): void;
  progress(done: number | bigint, total?: number | bigint | null): void;
  readonly artifactsDir: string;
  /** Throws the kind `cancelled` once the run is cancelled: undo, and let it pass. */
  checkCancelled(): void;
  loadState(): unknown;
  saveState(state: unknown): void;
}

export interface Step<Config = any> {
  readonly id: string;
  readonly mode: 'extract' | 'transform' | 'write';
  /** Checked against the spec's `configSchema`, with its defaults. */
  readonly config: Config;
  readonly partition: { index: number; count: number } | null;
}

export interface Dataset {
  name: string;
  kind?: 'table' | 'view' | 'file' | 'endpoint' | 'collection' | 'stream';
  estimatedRows?: number | bigint | null;
  columns?: { name: string; type: DataType; nativeType?: string; nullable?: boolean; primaryKey?: boolean }[];
}

export interface Health {
  category: 'ok' | 'auth' | 'network' | 'permission' | 'timeout' | 'unknown';
  latencyMs?: number | null;
  /** No secrets. */
  message: string;
}

/** What a driver's module exports as its default. None of its functions is async. */
export interface Driver<Config = any> {
  run(
    ctx: Context,
    step: Step<Config>,
    inputs: Input[],
    output: Output | null,
  ): { rowsWritten?: number | bigint | null } | void;
  discover?(ctx: Context, config: Config): Iterable<Dataset>;
  doctor?(ctx: Context, connection: any, timeoutMs: number): Health;
}

/** Digits with a point before the last `scale` of them. */
export function decimalToText(unscaled: bigint, scale: number): string;
/** The digits of a decimal as an integer; null if it is none or has digits that the scale does not. */
export function parseDecimal(text: string, scale: number): bigint | null;
/** A date or timestamp as a Date; what is finer than a millisecond is cut off. */
export function toDate(value: number | bigint | null, type: DataType): Date | null;
/** A Date as a value of a date or timestamp; what the type cannot hold is an error. */
export function fromDate(date: Date | null, type: DataType): number | bigint | null;
export function encodeUtf8(text: string): Uint8Array;
export function decodeUtf8(bytes: Uint8Array): string;
