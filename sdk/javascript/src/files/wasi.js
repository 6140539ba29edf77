// The project's files as a component sees them: below `/`, as far as the driver's spec asks for them.
import { getDirectories } from 'wasi:filesystem/preopens@0.2.12';
import { DriverError } from '../error.js';
import { over } from './shared.js';

const KINDS = {
  'no-entry': ['not-found', 'there is no such file'],
  'not-permitted': ['permission', 'it is not permitted: the spec\'s `files` must name the field of the configuration that holds this path'],
  access: ['permission', 'access is denied'],
  'read-only': ['permission', 'it may only be read: the spec\'s `files.write` must name the field that holds this path'],
  'is-directory': ['config', 'it is a folder'],
  'not-directory': ['config', 'a part of its path is no folder'],
  'insufficient-space': ['internal', 'the disk is full'],
  quota: ['internal', 'the disk\'s quota is used up'],
};

/** The folders that the host opened for this call. */
let roots = null;

/** The folder that a path lies in, and the path in it. */
function place(path) {
  roots ??= getDirectories().map(([folder, name]) => [folder, name.split('/').filter(Boolean)]);
  const parts = String(path).split('/').filter((part) => part !== '' && part !== '.');
  let best = null;
  for (const [folder, root] of roots) {
    if (root.every((part, at) => part === parts[at]) && root.length >= (best?.root.length ?? 0)) best = { folder, root };
  }
  if (best === null) {
    throw new DriverError('permission', `${path}: this driver may touch no files: its spec's \`files\` must name the field of the configuration that holds this path`);
  }
  return [best.folder, parts.slice(best.root.length).join('/') || '.'];
}

/** Calls the host about a file; its error code becomes words. */
function told(path, call) {
  try {
    return call();
  } catch (error) {
    if (typeof error?.payload !== 'string') throw error;
    const [kind, why] = KINDS[error.payload] ?? ['internal', error.payload];
    throw new DriverError(kind, `${path}: ${why}`);
  }
}

function at(path, call) {
  const [folder, below] = place(path);
  return told(path, () => call(folder, below));
}

function opened(path, openFlags, flags) {
  const file = at(path, (folder, below) => folder.openAt({ symlinkFollow: true }, below, openFlags, flags));
  return {
    read: (length, offset) => told(path, () => file.read(length, offset)[0]),
    write: (bytes, offset) => told(path, () => Number(file.write(bytes, offset))),
    sync: () => told(path, () => file.sync()),
    close: () => file[Symbol.dispose](),
  };
}

function makeFolder(path) {
  const parts = path.split('/').filter(Boolean);
  for (let count = 1; count <= parts.length; count++) {
    const [folder, below] = place(parts.slice(0, count).join('/'));
    if (below === '.') continue;
    try {
      folder.createDirectoryAt(below);
    } catch (error) {
      if (error?.payload !== 'exist') told(path, () => { throw error; });
    }
  }
}

export const { readBytes, readChunks, readLines, readText, replaceFile } = over({
  open: (path) => opened(path, {}, { read: true }),
  create: (path) => opened(path, { create: true, exclusive: true }, { write: true }),
  remove: (path) => at(path, (folder, below) => folder.unlinkFileAt(below)),
  makeFolder,
  rename(from, to) {
    const [[folder, below], [other, there]] = [place(from), place(to)];
    told(to, () => folder.renameAt(below, other, there));
  },
});
