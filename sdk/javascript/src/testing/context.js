/** The contract's `context` that remembers everything. */
export class MemoryContext {
  logs = [];
  metrics = [];
  events = [];
  progressed = [];
  #state;
  #saved;

  constructor({ state = null, cancelled = false }) {
    this.#state = state;
    this.cancelled = cancelled;
  }

  log(level, message) {
    this.logs.push({ level, message });
  }

  metric(name, { val: value }, unit, tags) {
    this.metrics.push({ name, value, unit, tags: Object.fromEntries(tags) });
  }

  event(name, fields) {
    this.events.push({ name, fields: JSON.parse(fields) });
  }

  progress(done, total) {
    this.progressed.push({ done, total });
  }

  artifactsDir() {
    return '/artifacts';
  }

  checkCancelled() {
    if (this.cancelled) throw told('cancelled', 'the run was cancelled');
  }

  loadState() {
    return this.#state === null ? null : JSON.stringify(this.#state);
  }

  saveState(state) {
    this.#saved = JSON.parse(state);
  }

  report() {
    const { logs, metrics, events, progressed } = this;
    return { logs, metrics, events, progress: progressed, state: this.#saved };
  }
}

/** An error as the boundary gives it to JavaScript. */
export function told(kind, message) {
  return Object.assign(new Error(message), { payload: { kind, message, retryable: false } });
}
