/** The files of the project, as far as the driver's spec asks for them. Paths are relative to its folder. */

/** A file that is being written. */
export interface FileWriter {
  write(content: string | Uint8Array): void;
}

export function readText(path: string): string;
export function readBytes(path: string): Uint8Array;
/** Some bytes at a time, so that a file of any size needs little memory. */
export function readChunks(path: string, size?: number): Generator<Uint8Array>;
/** A line at a time, without its end; a byte order mark is left out. */
export function readLines(path: string): Generator<string>;
/**
 * Writes a file beside its place and puts it there once `write` has returned and all is on the disk.
 * If anything fails, what was there stays, and nothing else is left.
 */
export function replaceFile<Result>(path: string, step: { id: string }, write: (file: FileWriter) => Result): Result;
