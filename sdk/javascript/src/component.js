// Makes a component of a driver: the contract's exports. Only what is built imports it.
import * as context from 'osiris:driver/context@0.1.0';
import * as call from './call.js';
import { console } from './component/console.js';
import { failure } from './failure.js';

globalThis.console = console(context);

/** What the world's export `driver` is. */
export function exportDriver(driver) {
  if (typeof driver?.run !== 'function') {
    throw new TypeError('the driver has no function `run`: its module must end with `export default { run(ctx, step, inputs, output) { ... } }`');
  }
  return {
    run: (step, inputs, output) => reported(() => call.run(driver, context, step, inputs, output)),
    discover: (config) => reported(() => call.discover(driver, context, config)),
    doctor: (connection, timeoutMs) => call.doctor(driver, context, connection, timeoutMs),
  };
}

function reported(work) {
  try {
    return work();
  } catch (error) {
    throw failure(error);
  }
}
