import { DriverError } from './error.js';

/** A line of a stack trace, as QuickJS and as Node write it. */
const FRAME = /(?:file:\/\/)?([^\s()]+\.m?js):(\d+):(\d+)\)?\s*$/;
/** The folder of the SDK's own files. */
const OWN = frames(new Error())[0]?.file.replace(/[^/]*$/, '');

/** What a driver threw, as the contract tells it to the host. */
export function failure(thrown) {
  if (thrown instanceof DriverError && thrown.kind !== 'internal') {
    return told(thrown.kind, thrown.message, thrown.retryable);
  }
  if (!(thrown instanceof Error)) {
    return told('internal', `the driver threw ${typeof thrown === 'object' ? 'an object' : `\`${String(thrown)}\``}, which is no Error`);
  }
  const name = thrown instanceof DriverError ? '' : `${thrown.name}: `;
  const place = frames(thrown).find(({ file }) => !file.startsWith(OWN));
  const where = place ? ` (${place.file.replace(/^\//, '')}:${place.line}:${place.column})` : '';
  return told('internal', `${name}${thrown.message}${where}`, thrown.retryable);
}

function told(kind, message, retryable = false) {
  // The boundary takes no half of a surrogate pair.
  return { kind, message: message.toWellFormed(), retryable: Boolean(retryable) };
}

function frames(error) {
  return String(error.stack ?? '').split('\n').flatMap((line) => {
    const found = FRAME.exec(line);
    return found ? [{ file: found[1], line: found[2], column: found[3] }] : [];
  });
}
