// UTF-8 by the functions that QuickJS has in C: a loop over bytes in an interpreter takes ten times as long.
import { DriverError } from './error.js';

const CHUNK = 8192;
const HAS_BASE64 = typeof Uint8Array.fromBase64 === 'function';

/** One character for each byte. */
export function toLatin1(bytes) {
  if (HAS_BASE64) return atob(bytes.toBase64());
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + CHUNK));
  }
  return text;
}

/** One byte for each character, none beyond 255. */
export function fromLatin1(text) {
  if (HAS_BASE64) return Uint8Array.fromBase64(btoa(text));
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Text of bytes that `toLatin1` read. */
export function decodeLatin1(latin1) {
  try {
    return decodeURIComponent(escape(latin1));
  } catch {
    throw new DriverError('data', 'the bytes are no UTF-8 text');
  }
}

/** The UTF-8 of a text, one character for each byte. */
export function encodeLatin1(text) {
  try {
    return unescape(encodeURIComponent(text));
  } catch {
    throw new DriverError('data', 'the text holds half of a surrogate pair, which UTF-8 cannot write');
  }
}

/** The text that UTF-8 bytes spell. */
export const decodeUtf8 = (bytes) => decodeLatin1(toLatin1(bytes));

/** A text as UTF-8 bytes. */
export const encodeUtf8 = (text) => fromLatin1(encodeLatin1(String(text)));
