import type { Dataset, Driver, Health, Kind, Row, Schema } from './index.js';

/** A table in memory. */
export class MemoryTable {
  readonly schema: Schema;
  rows(): Row[];
}

/** A table of rows, as an input; with `failing`, the step that makes it fails so after them. */
export function table(
  schema: Schema,
  rows: Record<string, unknown>[],
  options?: { batchRows?: number; failing?: string | null },
): MemoryTable;

export interface Options<Config = any> {
  /** As the host gives it: with the defaults of the spec. */
  config?: Config;
  id?: string;
  /** Without it: `transform` where there are inputs, else `extract`. */
  mode?: 'extract' | 'transform' | 'write';
  inputs?: MemoryTable[] | Record<string, MemoryTable>;
  partition?: { index: number; count: number } | null;
  /** The folder that stands for the project's; without it, the driver has no files. */
  base?: string | null;
  state?: unknown;
  cancelled?: boolean;
}

export interface Result {
  rows: Row[];
  table: MemoryTable | null;
  rowsWritten: number | null;
  logs: { level: string; message: string }[];
  metrics: { name: string; value: number; unit: string; tags: Record<string, string> }[];
  events: { name: string; fields: Record<string, unknown> }[];
  progress: { done: number; total: number | null }[];
  state: unknown;
}

/** Runs one step. What it throws is what the host would get. */
export function run<Config>(driver: Driver<Config>, options?: Options<Config>): Result;
export function discover<Config>(driver: Driver<Config>, options?: { config?: Config }): Dataset[];
export function doctor(driver: Driver, options?: { connection?: unknown; timeoutMs?: number }): Health;

/** What `run` throws. */
export interface Failure extends Error {
  kind: Kind;
  retryable: boolean;
  result: Result;
}
