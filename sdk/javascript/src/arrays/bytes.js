// Texts and bytes of any length.
import { decodeLatin1, encodeLatin1, fromLatin1, toLatin1 } from '../utf8.js';
import { Builder } from './builder.js';
import { Column, bytesOf, view } from './column.js';

const BEYOND_ASCII = /[\x80-\xff]/;
const TEXTS = ['utf8', 'largeUtf8'];
const LARGE = ['largeUtf8', 'largeBinary'];
const offsetsOf = (type) => (LARGE.includes(type.id) ? BigInt64Array : Int32Array);

export class BytesColumn extends Column {
  #latin1 = null;
  #ascii = true;

  /**
   * @param {Int32Array | BigInt64Array} offsets where each value starts in `data`, and where the last one ends
   * @param {Uint8Array} data
   */
  constructor(type, length, nullCount, validity, offsets, data) {
    super(type, length, nullCount, validity);
    this.offsets = offsets;
    this.data = data;
    if (!TEXTS.includes(type.id)) this.value = this.bytes;
  }

  static read(type, { length, nullCount, validity }, parts) {
    const [offsets, data] = [parts.buffer(), parts.buffer()];
    const Offsets = offsetsOf(type);
    // Of no rows there may be no offsets either.
    const starts = offsets.length === 0 ? new Offsets(1) : view(Offsets, offsets, length + 1);
    return new BytesColumn(type, length, nullCount, validity, starts, data);
  }

  /** The bytes of a row, where they lie. */
  bytes(row) {
    return this.data.subarray(Number(this.offsets[row]), Number(this.offsets[row + 1]));
  }

  /** The bytes of all rows as characters: read once, for a call costs more than a short text. */
  #characters() {
    if (this.#latin1 === null) {
      this.#latin1 = toLatin1(this.data);
      this.#ascii = !BEYOND_ASCII.test(this.#latin1);
    }
    return this.#latin1;
  }

  toArray() {
    const { length, offsets } = this;
    const plain = TEXTS.includes(this.type.id) && this.nullCount === 0 && offsets instanceof Int32Array;
    const characters = plain ? this.#characters() : '';
    if (!plain || !this.#ascii) return super.toArray();
    const texts = new Array(length);
    for (let row = 0; row < length; row++) texts[row] = characters.substring(offsets[row], offsets[row + 1]);
    return texts;
  }

  value(row) {
    const characters = this.#characters();
    const text = characters.substring(Number(this.offsets[row]), Number(this.offsets[row + 1]));
    return this.#ascii || !BEYOND_ASCII.test(text) ? text : decodeLatin1(text);
  }

  buffers() {
    return [bytesOf(this.offsets), this.data];
  }
}

export class BytesBuilder extends Builder {
  values = [];

  constructor(field) {
    super(field);
    this.text = TEXTS.includes(field.type.id);
  }

  push(value) {
    if (this.text ? typeof value !== 'string' : !(value instanceof Uint8Array)) {
      throw this.misfit(value, this.text ? 'give a string' : 'give a Uint8Array');
    }
    this.values.push(value);
  }

  pushNull() {
    this.values.push(this.text ? '' : new Uint8Array());
  }

  finish() {
    const { field: { name, type }, length, missing } = this;
    let [lengths, data] = [null, null];
    try {
      [lengths, data] = this.text ? texts(this.values) : join(this.values);
    } catch (error) {
      throw error.within?.(`\`${name}\``) ?? error;
    }
    const Offsets = offsetsOf(type);
    if (Offsets === Int32Array && data.length > 2 ** 31 - 1) {
      throw this.misfit(`${data.length} bytes in one batch`, 'send smaller batches');
    }
    const offsets = new Offsets(length + 1);
    let at = 0;
    for (let row = 0; row < length; row++) {
      at += lengths[row];
      offsets[row + 1] = Offsets === Int32Array ? at : BigInt(at);
    }
    return new BytesColumn(type, length, missing.length, this.validity(), offsets, data);
  }
}

/** How many bytes each text has, and all of them. */
function texts(values) {
  const joined = values.join('');
  const latin1 = encodeLatin1(joined);
  if (latin1.length === joined.length) return [values.map((text) => text.length), fromLatin1(latin1)];
  // Each by itself: two halves of a pair in two texts are not one character.
  return [values.map((text) => encodeLatin1(text).length), fromLatin1(latin1)];
}

function join(values) {
  const lengths = values.map((bytes) => bytes.length);
  const data = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const bytes of values) {
    data.set(bytes, at);
    at += bytes.length;
  }
  return [lengths, data];
}
