import { DriverError } from '../error.js';
import { decodeLatin1, decodeUtf8, encodeUtf8, toLatin1 } from '../utf8.js';

/** How much is read and written at once. */
const CHUNK = 128 * 1024;
const MARK = '\xef\xbb\xbf';

/**
 * The project's files, on top of what opens them: `open(path)` gives `{read(length, offset), close()}`,
 * `create(path)` gives `{write(bytes, offset), sync(), close()}`; `rename`, `remove`, `makeFolder`.
 */
export function over(backend) {
  function* readChunks(path, size = CHUNK) {
    const file = backend.open(path);
    try {
      for (let offset = 0; ;) {
        const bytes = file.read(size, offset);
        if (bytes.length === 0) return;
        offset += bytes.length;
        yield bytes;
      }
    } finally {
      file.close();
    }
  }

  function readBytes(path) {
    const chunks = [...readChunks(path)];
    const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  function readText(path) {
    const text = named(path, () => decodeUtf8(readBytes(path)));
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  }

  function* readLines(path) {
    let [rest, number] = ['', 0];
    const decode = (line) => {
      number++;
      return named(`${path}, line ${number}`, () => decodeLatin1(line.endsWith('\r') ? line.slice(0, -1) : line));
    };
    for (const chunk of readChunks(path)) {
      // Bytes as characters: a chunk may end in the midst of one.
      let text = toLatin1(chunk);
      if (number === 0 && rest === '' && text.startsWith(MARK)) text = text.slice(MARK.length);
      const lines = text.split('\n');
      lines[0] = rest + lines[0];
      rest = lines.pop();
      for (const line of lines) yield decode(line);
    }
    if (rest !== '') yield decode(rest);
  }

  function replaceFile(path, step, write) {
    const [, folder, name] = /^(.*\/)?([^/]*)$/.exec(path);
    if (['', '.', '..'].includes(name)) throw new DriverError('config', `\`${path}\` names no file`);
    if (folder) backend.makeFolder(folder);
    // Another name for each step and each time: a driver may make files beside its own, but change none there.
    const temporary = `${folder ?? ''}.${name}.${step.id}.${Date.now().toString(36)}.tmp`;
    const file = new FileWriter(backend.create(temporary));
    try {
      let result;
      try {
        result = write(file);
        file.flush();
        file.file.sync();
      } finally {
        file.file.close();
      }
      backend.rename(temporary, path);
      return result;
    } catch (error) {
      try {
        backend.remove(temporary);
      } catch {
        // What went wrong matters more than whether this does, too.
      }
      throw error;
    }
  }

  return { readBytes, readChunks, readLines, readText, replaceFile };
}

/** Collects what is written until it is worth a call. */
class FileWriter {
  #texts = [];
  #length = 0;
  #offset = 0;

  constructor(file) {
    this.file = file;
  }

  /** @param {string | Uint8Array} content */
  write(content) {
    if (typeof content === 'string') {
      this.#texts.push(content);
      this.#length += content.length;
      if (this.#length >= CHUNK) this.flush();
    } else {
      this.flush();
      this.#put(content);
    }
  }

  flush() {
    const text = this.#texts.join('');
    [this.#texts, this.#length] = [[], 0];
    if (text !== '') this.#put(encodeUtf8(text));
  }

  #put(bytes) {
    for (let at = 0; at < bytes.length;) {
      const written = this.file.write(bytes.subarray(at, at + CHUNK), this.#offset);
      at += written;
      this.#offset += written;
    }
  }
}

function named(what, work) {
  try {
    return work();
  } catch (error) {
    throw error.within?.(what) ?? error;
  }
}
