/** Disk: each file of TF_HOME on a disk that is full, or can't be read: what was not kept is not claimed, and it recovers. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Agent, send, startAgent } from '../http/agent.js';
import { openWorld, runProgram, tfProgram, type World } from '../world.js';
import { entries } from './ledger.js';

const skip =
  spawnSync('strace', ['-V']).status === 0 && process.getuid?.() === 0
    ? false
    : 'strace is not installed, or this is not root';
let world: World;
let agent: Agent;

before(async () => {
  world = await openWorld();
  for (const name of ['agent', 'other']) {
    await world.ok(['gateway', 'create', name]);
    await world.ok(['permissions', 'set', '--gateway', name, '--action', 'github.*', '--effect', 'allow']);
  }
  await world.ok(['secret', 'set', 'github-token', '--connector', 'github'], { input: 'ghs_first0123456789' });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  agent?.child.kill('SIGKILL');
  await world?.close();
});

/** How strace lets calls fail that touch this file of TF_HOME or what SQLite puts beside it. */
const fault = (file: string, calls: string, error: string): string[] => [
  ...['-f', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}`],
  ...['', '-wal', '-journal', '-shm'].flatMap(end => ['-P', join(world.home, `${file}${end}`)]),
];

/** Lets a file fail for the running proxy while `work` is done. */
async function failing(file: string, calls: string, error: string, work: () => Promise<void>): Promise<void> {
  const { proxy } = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
  const tracer = spawn('strace', [...fault(file, calls, error), '-p', String(proxy.pid)]);
  const ended = once(tracer, 'exit');
  // It says "Process N attached" for each thread; a moment later all are.
  await once(tracer.stderr, 'data');
  await new Promise(resolve => setTimeout(resolve, 300));
  try {
    await work();
  } finally {
    tracer.kill('SIGTERM');
    await ended;
  }
}

const get = (): ReturnType<typeof send> =>
  send(agent, 'GET /repos/acme/site/issues HTTP/1.1\r\nHost: api.github.com\r\n\r\n');
const full = 'pwrite64,ftruncate,fallocate';

test('a vault that can not be written keeps what it has, says so, and goes on when it can', { skip }, async () => {
  await failing('vault.db', full, 'ENOSPC', async () => {
    const rotated = await world.tf(['secret', 'rotate', 'github-token'], { input: 'ghs_second0123456789' });
    assert.equal(rotated.code, 1);
    assert.match(rotated.stderr, /vault\.db can't be used: .*\n +Nothing was changed/);
    assert.equal((await get()).status, 200);
    assert.equal(world.received.at(-1)?.headers.authorization, 'Bearer ghs_first0123456789');
  });
  await world.ok(['secret', 'rotate', 'github-token'], { input: 'ghs_third0123456789' });
  await get();
  assert.equal(world.received.at(-1)?.headers.authorization, 'Bearer ghs_third0123456789');
});

test('a state that can not be written grants nothing new, and a kill acts all the same', { skip }, async () => {
  await failing('state.db', full, 'ENOSPC', async () => {
    const set = await world.tf([
      'permissions',
      'set',
      '--gateway',
      'agent',
      '--action',
      'slack.*',
      '--effect',
      'allow',
    ]);
    assert.equal(set.code, 1);
    assert.match(set.stderr, /can't be read or written/);
    assert.equal((await get()).status, 200);
    const killed = await world.tf(['kill', 'other']);
    assert.equal(killed.code, 1);
    assert.match(killed.stderr, /stopped now, but .* would not last over a restart/);
    assert.match(await world.ok(['status']), /killed +gateway other/);
  });
  assert.doesNotMatch(await world.ok(['permissions', 'list', '--json']), /slack/);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'slack.*', '--effect', 'allow']);
  assert.match(await world.ok(['permissions', 'list', '--json']), /slack/);
});

test('a log that can not be written is 503, nothing leaves, and the next proxy goes on with it', { skip }, async () => {
  const sent = world.received.length;
  await failing('ledger.db', full, 'ENOSPC', async () => {
    const { status, body } = await get();
    assert.deepEqual([status, (JSON.parse(body) as { code: string }).code], [503, 'log_unavailable']);
  });
  assert.equal(world.received.length, sent);
  agent.child.kill('SIGKILL');
  await world.ok(['stop']);
  agent = await startAgent(world, 'agent');
  assert.equal((await get()).status, 200);
  await world.ok(['audit', 'verify']);
  const recovered = (await entries(world)).filter(({ type }) => type === 'log.recovered');
  assert.equal(recovered.length, 1);
  assert.match(JSON.stringify(recovered[0]?.found), /"entries":[1-9]/);
});

for (const file of ['vault.db', 'ledger.db', 'state.db'])
  test(`a proxy whose ${file} can not be read does not start, says which, and starts when it can`, {
    skip,
  }, async () => {
    await world.tf(['stop']);
    const env = { TF_HOME: world.home, XDG_CONFIG_HOME: join(world.dir, 'config'), TF_RUN: '', NO_COLOR: '1' };
    const serve = [process.execPath, tfProgram, 'serve'];
    const ran = await runProgram('strace', [...fault(file, 'pread64', 'EIO'), ...serve], { env, limit: 20_000 });
    assert.equal(ran.code, 1, ran.stderr);
    assert.match(
      ran.stderr,
      new RegExp(`${file.replace('.', '\\.')}|The state can't be read, so nothing is let through`),
    );
    assert.match(ran.stderr, /disk I\/O error/);
    await world.ok(['gateway', 'list']);
    await world.ok(['audit', 'verify']);
  });
