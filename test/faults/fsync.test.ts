import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../world.js';

const strace = spawnSync('strace', ['-V']).status === 0 && process.getuid?.() === 0;
let world: World;

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'github.*', '--effect', 'allow']);
});
after(() => world.close());

/** Lets every sync to disk of a process fail with EIO, as a dying disk does, until it is called off. */
async function failSyncs(pid: number): Promise<() => Promise<void>> {
  const tracer = spawn(
    'strace',
    [
      '-f',
      '-o',
      '/dev/null',
      '-e',
      'trace=fsync,fdatasync',
      '-e',
      'inject=fsync,fdatasync:error=EIO',
      '-p',
      String(pid),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  // It says "Process N attached" for each thread; the last is enough to know that it has begun.
  await once(tracer.stderr!, 'data');
  await new Promise(resolve => setTimeout(resolve, 200));
  return async () => {
    tracer.kill('SIGTERM');
    await once(tracer, 'exit');
  };
}

test('a sync that fails poisons the log: the answer is 503, nothing is sent, also when the disk is well again', {
  skip: strace ? false : 'strace is not installed, or this is not root',
}, async () => {
  const status = JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } };
  const ask = async (): Promise<Record<string, unknown>> => {
    const { stdout } = await world.tf([
      'run',
      '--',
      'agent',
      'sh',
      '-c',
      'curl -sS https://api.github.com/repos/acme/site/issues',
    ]);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  assert.equal((await ask()).method, 'GET');
  // A run that is alive over the fault: a new one could not even be recorded.
  const agent = world.start([
    'run',
    '--',
    'agent',
    'sh',
    '-c',
    'echo ready; read go; curl -sS https://api.github.com/repos/acme/site/issues; read go; curl -sS https://api.github.com/repos/acme/site/issues',
  ]);
  const ended = once(agent, 'exit');
  const printed: string[] = [];
  agent.stdout!.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  // Its canary has been denied by then; that, too, is an entry.
  while (!printed.join('').includes('ready')) await new Promise(resolve => setTimeout(resolve, 20));
  printed.length = 0;
  const sent = world.received.length;
  const heal = await failSyncs(status.proxy.pid);
  agent.stdin!.write('go\n');
  while (!printed.join('').includes('}\n')) await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal((JSON.parse(printed.join('')) as Record<string, unknown>).code, 'log_unavailable');
  await heal();
  printed.length = 0;
  agent.stdin!.write('go\n');
  while (!printed.join('').includes('}\n')) await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal((JSON.parse(printed.join('')) as Record<string, unknown>).code, 'log_unavailable');
  assert.equal(world.received.length, sent, 'nothing was sent');
  agent.stdin!.end();
  await ended;

  await world.ok(['stop']);
  assert.equal((await ask()).method, 'GET', 'after a restart the log goes on');
  assert.equal((await world.tf(['audit', 'verify'])).code, 0);
});
