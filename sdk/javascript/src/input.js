import { Batch } from './batch.js';
import { asked } from './error.js';
import { fromWire } from './schema.js';

/** A table that an upstream step makes. */
export class Input {
  #reader;
  #schema = null;
  #last = null;

  /** @param {object} reader the host's reader */
  constructor(name, reader) {
    /** The name of the step that makes it. */
    this.name = name;
    this.#reader = reader;
  }

  /** Its columns; waits until the step before knows them. */
  get schema() {
    this.#schema ??= fromWire(asked(() => this.#reader.schema()));
    return this.#schema;
  }

  /**
   * The next batch, or null at the end. What fails here is of the kind `upstream` or `cancelled`:
   * undo what was done and let it pass.
   */
  next() {
    this.#last?.release();
    const { schema } = this;
    const handle = asked(() => this.#reader.next());
    this.#last = handle ? new Batch(schema, handle) : null;
    return this.#last;
  }

  /** Batch after batch. */
  *[Symbol.iterator]() {
    for (let batch = this.next(); batch !== null; batch = this.next()) yield batch;
  }

  /** Row after row, as objects. */
  *rows(names) {
    for (const batch of this) yield* batch.rows(names);
  }
}
