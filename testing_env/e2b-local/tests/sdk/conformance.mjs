// What E2B's JavaScript SDK does against the emulator. Fails at the first difference.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { CommandExitError, NotFoundError, Sandbox } from 'e2b'

const run = randomUUID()

async function files(sandbox) {
  const written = await sandbox.files.write('up/one.txt', 'eins\n')
  assert.equal(written.path, '/home/user/up/one.txt')
  assert.equal(await sandbox.files.read('up/one.txt'), 'eins\n')
  const data = new Uint8Array(1 << 20).map((_, at) => at % 251)
  await sandbox.files.write('/home/user/up/data.bin', data.buffer)
  assert.deepEqual(await sandbox.files.read('up/data.bin', { format: 'bytes' }), data)
  const names = (await sandbox.files.list('up')).map((entry) => entry.name)
  assert.deepEqual(names, ['data.bin', 'one.txt'])
  assert.equal((await sandbox.files.getInfo('up/data.bin')).size, data.length)
  assert.equal(await sandbox.files.exists('up/one.txt'), true)
  assert.equal(await sandbox.files.exists('up/none.txt'), false)
  assert.equal(await sandbox.files.makeDir('up/new'), true)
  assert.equal(await sandbox.files.makeDir('up/new'), false)
  const moved = await sandbox.files.rename('up/one.txt', 'up/new/two.txt')
  assert.equal(moved.path, '/home/user/up/new/two.txt')
  await sandbox.files.remove('up')
  assert.equal(await sandbox.files.exists('up'), false)
  await assert.rejects(sandbox.files.read('up/one.txt'), NotFoundError)
}

async function commands(sandbox) {
  const result = await sandbox.commands.run('echo out; echo err >&2; echo $K $OWN; pwd', {
    envs: { OWN: 'o' },
  })
  assert.equal(result.exitCode, 0)
  assert.equal(result.stdout, 'out\nv o\n/home/user\n')
  assert.equal(result.stderr, 'err\n')
  await assert.rejects(sandbox.commands.run('echo bad >&2; exit 7'), (error) => {
    assert.ok(error instanceof CommandExitError)
    assert.deepEqual([error.exitCode, error.stderr], [7, 'bad\n'])
    return true
  })
}

async function processes(sandbox) {
  const started = await sandbox.commands.run('cat', { background: true, stdin: true })
  assert.deepEqual((await sandbox.commands.list()).map((one) => one.pid), [started.pid])
  await started.disconnect()
  const again = await sandbox.commands.connect(started.pid)
  await sandbox.commands.sendStdin(started.pid, 'through\n')
  await sandbox.commands.closeStdin(started.pid)
  const result = await again.wait()
  assert.deepEqual([result.exitCode, result.stdout], [0, 'through\n'])
  assert.deepEqual(await sandbox.commands.list(), [])

  const sleeper = await sandbox.commands.run('sleep 600', { background: true })
  assert.equal(await sandbox.commands.kill(sleeper.pid), true)
  await assert.rejects(sleeper.wait(), (error) => error.exitCode === -1)
  assert.equal(await sandbox.commands.kill(sleeper.pid), false)
}

async function lists(sandbox) {
  const others = []
  for (const n of ['0', '1']) {
    others.push(await Sandbox.create({ timeoutMs: 60_000, metadata: { run, n } }))
  }
  const pages = Sandbox.list({ query: { metadata: { run } }, limit: 2 })
  const found = []
  let count = 0
  while (pages.hasNext) {
    count += 1
    found.push(...(await pages.nextItems()))
  }
  assert.equal(count, 2)
  const ids = [sandbox, ...others].map((one) => one.sandboxId)
  assert.deepEqual(new Set(found.map((one) => one.sandboxId)), new Set(ids))
  const only = await Sandbox.list({ query: { metadata: { run, n: '1' } } }).nextItems()
  assert.deepEqual(only.map((one) => one.sandboxId), [others[1].sandboxId])
  for (const other of others) assert.equal(await other.kill(), true)
}

async function lifetimes(sandbox) {
  await sandbox.setTimeout(600_000)
  const info = await sandbox.getInfo()
  assert.deepEqual(info.metadata, { run, 'a b': 'c&d=ü' })
  assert.equal(Math.round((info.endAt - info.startedAt) / 100_000), 6)
  assert.equal(info.state, 'running')
  const again = await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 60_000 })
  assert.equal((await again.commands.run('echo here')).stdout, 'here\n')

  const short = await Sandbox.create({ timeoutMs: 1000 })
  const until = Date.now() + 30_000
  while (await short.isRunning()) {
    assert.ok(Date.now() < until)
    await pause(50)
  }
  assert.equal(await short.kill(), false)

  assert.equal(await sandbox.kill(), true)
  assert.equal(await sandbox.isRunning(), false)
  assert.equal(await sandbox.kill(), false)
}

const installed = new URL('./node_modules/e2b/package.json', import.meta.url)
assert.equal(JSON.parse(await readFile(installed)).version, process.argv[2])
const sandbox = await Sandbox.create({
  timeoutMs: 120_000,
  metadata: { run, 'a b': 'c&d=ü' },
  envs: { K: 'v' },
})
await files(sandbox)
await commands(sandbox)
await processes(sandbox)
await lists(sandbox)
await lifetimes(sandbox)
console.log('conforms')
