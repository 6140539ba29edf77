/** The values of one column of a batch, in Arrow's layout. */
export class Column {
  /**
   * @param {object} type one of `types`
   * @param {number} length how many values
   * @param {number} nullCount how many of them are missing
   * @param {Uint8Array | null} validity a bit a value, 1 where it is there, lowest first; null if all are
   */
  constructor(type, length, nullCount, validity) {
    this.type = type;
    this.length = length;
    this.nullCount = nullCount;
    this.validity = nullCount > 0 ? validity : null;
  }

  isNull(row) {
    return this.validity !== null && (this.validity[row >> 3] & (1 << (row & 7))) === 0;
  }

  /** The value of a row, or null. */
  get(row) {
    return this.isNull(row) ? null : this.value(row);
  }

  *[Symbol.iterator]() {
    for (let row = 0; row < this.length; row++) yield this.get(row);
  }

  /** All values, null where one is missing. */
  toArray() {
    const values = new Array(this.length);
    for (let row = 0; row < this.length; row++) values[row] = this.get(row);
    return values;
  }

  /** Hands over nodes and buffers, depth first. */
  write(sink) {
    const own = this.buffers();
    sink.node(this.length, this.nullCount, own.length + 1);
    sink.buffer(this.validity?.subarray(0, (this.length + 7) >> 3) ?? NOTHING);
    own.forEach(sink.buffer);
    this.children().forEach((child) => child.write(sink));
  }

  children() {
    return [];
  }
}

const NOTHING = new Uint8Array();

/** The bytes of a typed array, without a copy. */
export const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Bytes as numbers; a copy only where they do not lie as these need to. */
export function view(Numbers, bytes, length) {
  const aligned = bytes.byteOffset % Numbers.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new Numbers(aligned.buffer, aligned.byteOffset, length);
}
