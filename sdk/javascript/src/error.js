/** What may go wrong, as the host acts on it. */
export const KINDS = Object.freeze([
  'config', 'auth', 'permission', 'network', 'timeout', 'not-found',
  'data', 'upstream', 'cancelled', 'unsupported', 'internal',
]);

/** Why a driver could not do what it was asked for. Holds no secret. */
export class DriverError extends Error {
  /**
   * @param {string} kind one of KINDS
   * @param {string} message for a person: what failed, and what to do about it
   * @param {{retryable?: boolean, cause?: unknown}} [options]
   */
  constructor(kind, message, { retryable = false, cause } = {}) {
    super(String(message), cause === undefined ? undefined : { cause });
    this.name = 'DriverError';
    this.kind = KINDS.includes(kind) ? kind : 'internal';
    this.retryable = Boolean(retryable);
  }

  /** The same error with what was being done in front: `reading a.csv: disk full`. */
  within(doing) {
    const error = new DriverError(this.kind, `${doing}: ${this.message}`, { retryable: this.retryable, cause: this });
    error.stack = this.stack;
    return error;
  }
}

/** Calls the host; what it answers with instead of a value becomes a DriverError. */
export function asked(call) {
  try {
    return call();
  } catch (error) {
    const told = error?.payload;
    if (typeof told?.kind !== 'string') throw error;
    throw new DriverError(told.kind, told.message, { retryable: told.retryable });
  }
}
