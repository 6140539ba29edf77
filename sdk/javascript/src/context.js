import { DriverError, asked } from './error.js';

/** The way to the host while a call runs. */
export class Context {
  #host;

  /** @param {object} host the contract's `context` */
  constructor(host) {
    this.#host = host;
  }

  /** Writes to the session's log. No secrets. */
  log(level, message) {
    if (!LEVELS.includes(level)) throw new DriverError('internal', `the level \`${level}\` is none of ${LEVELS.join(', ')}`);
    this.#host.log(level, text(message));
  }

  debug(message) {
    this.log('debug', message);
  }

  info(message) {
    this.log('info', message);
  }

  warn(message) {
    this.log('warn', message);
  }

  error(message) {
    this.log('error', message);
  }

  /**
   * Records a measurement. `unit` is one of rows, ms, bytes, seconds, files, code and calls.
   * The host counts rows itself.
   */
  metric(name, value, unit, tags = {}) {
    const number = Number(value);
    if (!['number', 'bigint'].includes(typeof value)) {
      throw new DriverError('internal', `the metric \`${name}\` is no number: ${typeof value}`);
    }
    const tag = Number.isSafeInteger(number) ? 'integer' : 'float';
    const pairs = Object.entries(tags).map(([key, tagged]) => [text(key), text(tagged)]);
    this.#host.metric(text(name), { tag, val: number }, text(unit), pairs);
  }

  /** Records that something happened. `name` is `category.action`, `fields` an object for JSON. */
  event(name, fields = {}) {
    this.#host.event(text(name), text(JSON.stringify(fields)));
  }

  /** How far the step is, for the progress bar, in whatever unit it counts. */
  progress(done, total = null) {
    this.#host.progress(Number(done), total === null ? null : Number(total));
  }

  /** The folder for this step's artifacts. */
  get artifactsDir() {
    return this.#host.artifactsDir();
  }

  /**
   * Looks whether the run still goes on. Ask before what cannot be undone, and now and then in a
   * long loop that neither reads nor sends. It throws the kind `cancelled`: undo, and let it pass.
   */
  checkCancelled() {
    asked(() => this.#host.checkCancelled());
  }

  /** What this step saved in its last successful run, or null. */
  loadState() {
    const state = this.#host.loadState();
    return state === null || state === undefined ? null : JSON.parse(state);
  }

  /** Saves a value for JSON for the next run. It is kept only if the whole run succeeds. */
  saveState(state) {
    asked(() => this.#host.saveState(text(JSON.stringify(state ?? null))));
  }
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];

/** What the boundary takes as text. */
const text = (value) => String(value).toWellFormed();
