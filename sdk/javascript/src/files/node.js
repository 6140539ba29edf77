// The project's files in a test under Node: below a folder that stands for the project's.
import fs from 'node:fs';
import { join, normalize, sep } from 'node:path';
import { DriverError } from '../error.js';
import { over } from './shared.js';

const KINDS = { ENOENT: 'not-found', EACCES: 'permission', EPERM: 'permission', EROFS: 'permission', EISDIR: 'config', ENOTDIR: 'config' };

let base = null;

/** Says which folder stands for the project's; null for none. */
export function setBase(folder) {
  base = folder;
}

function at(path, call) {
  const parts = normalize(join(sep, path));
  if (base === null) throw new DriverError('permission', `${path}: this test has no files: give \`run\` the folder \`base\``);
  try {
    return call(join(base, parts));
  } catch (error) {
    if (error?.code === undefined) throw error;
    throw new DriverError(KINDS[error.code] ?? 'internal', `${path}: ${error.message}`);
  }
}

function opened(path, flags) {
  const file = at(path, (real) => fs.openSync(real, flags));
  return {
    read: (length, offset) => at(path, () => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, fs.readSync(file, bytes, 0, length, offset));
    }),
    write: (bytes, offset) => at(path, () => fs.writeSync(file, bytes, 0, bytes.length, offset)),
    sync: () => at(path, () => fs.fsyncSync(file)),
    close: () => fs.closeSync(file),
  };
}

export const { readBytes, readChunks, readLines, readText, replaceFile } = over({
  open: (path) => opened(path, 'r'),
  create: (path) => opened(path, 'wx'),
  remove: (path) => at(path, (real) => fs.unlinkSync(real)),
  makeFolder: (path) => at(path, (real) => fs.mkdirSync(real, { recursive: true })),
  rename: (from, to) => at(to, (real) => fs.renameSync(join(base, normalize(join(sep, from))), real)),
});
