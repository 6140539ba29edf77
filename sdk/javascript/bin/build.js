#!/usr/bin/env node
// Makes a component of a driver: `osiris-sdk-build FOLDER OUT.wasm`. `osiris drivers build` calls it.
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const [folder, out] = process.argv.slice(2);
if (out === undefined) fail('usage: osiris-sdk-build FOLDER OUT.wasm');

const project = realpathSync(folder);
const sdk = realpathSync(join(dirname(fileURLToPath(import.meta.url)), '..'));
const manifest = join(project, 'package.json');
const { osiris } = JSON.parse(readFileSync(manifest, 'utf8'));
if (typeof osiris?.driver !== 'string') fail(`${manifest}: say where the driver is: "osiris": {"driver": "src/driver.js"}`);
const driver = join(project, osiris.driver);
if (driver !== realpathOf(driver) || !driver.startsWith(project + sep)) fail(`${manifest}: "osiris.driver" is ${osiris.driver}, which is no file of this folder`);

const componentizer = await import('componentize-qjs').catch((error) => {
  fail(`${error.message}\nInstall what osiris-sdk needs: npm ci in the driver's folder or, where it only links to it, npm install in ${sdk}`);
});

try {
  const { component } = await componentizer.componentize({
    // As if it were in the place of package.json, so that imports start from the project.
    jsPath: manifest,
    jsSource: `
      import driver from ${JSON.stringify(`./${relative(project, driver).split(sep).join('/')}`)};
      import { exportDriver } from 'osiris-sdk/component';
      const exported = exportDriver(driver);
      export { exported as driver };
    `,
    // What both lie in: nothing outside of it can be imported.
    moduleRoot: common(project, sdk),
    witPath: join(sdk, 'wit'),
    world: 'osiris:javascript/driver',
    // The contract's functions are synchronous.
    sync: true,
  });
  writeFileSync(out, component);
} catch (error) {
  fail(explained(String(error.message)));
}

function realpathOf(path) {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function common(one, other) {
  const [left, right] = [one.split(sep), other.split(sep)];
  const differ = left.findIndex((part, at) => part !== right[at]);
  return left.slice(0, differ === -1 ? left.length : differ).join(sep) || sep;
}

function explained(message) {
  const plain = message.replace(/^: /, '').replace(/Failed to (?:evaluate|declare|finish)[^:]*: /g, '').trim();
  const missing = /Could not find export 'default'/.test(plain);
  return missing ? `${plain}\nThe driver's module must end with \`export default { run(ctx, step, inputs, output) { ... } }\`.` : plain;
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
