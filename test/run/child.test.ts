/** The child of a run: its streams, its signals and its exit code are its own. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'agent']);
});
after(() => world.close());

const shell = (script: string): string[] => ['run', '--', 'agent', 'sh', '-c', script];

/** Starts a shell script in a run and waits until it has said that it is ready. */
async function ready(script: string): Promise<{ run: ChildProcess; ended: Promise<number | null>; output(): string }> {
  const run = world.start(shell(script));
  const ended = once(run, 'close').then(([code]) => code as number | null);
  let text = '';
  const said = new Promise<void>(resolve => {
    run.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('ready')) resolve();
    });
  });
  await said;
  return { run, ended, output: () => text };
}

test('a run ends with the exit code of its child', async () => {
  for (const code of [0, 1, 42, 255]) assert.equal((await world.tf(shell(`exit ${code}`))).code, code);
});

test('a child that a signal killed makes 128 and the number of the signal', async () => {
  for (const [signal, code] of [
    ['TERM', 143],
    ['KILL', 137],
    ['SEGV', 139],
  ] as const)
    assert.equal((await world.tf(shell(`kill -${signal} $$`))).code, code, signal);
});

test('stdin goes to the child whole, and its output comes back whole and apart', async () => {
  const input = Buffer.alloc(3_000_000, 'line of input\n');
  const { code, stdout } = await world.tf(shell('cat; echo problem >&2; exit 3'), { input });
  assert.equal(code, 3);
  assert.equal(stdout.length, input.length);
  assert.equal((await world.tf(shell('echo out; echo err >&2'))).stderr, 'err\n');
});

test('SIGTERM to tf reaches the child, which may end as it likes', async () => {
  const { run, ended, output } = await ready(
    'trap "echo tidied; exit 9" TERM; echo ready; for i in $(seq 200); do sleep 0.05; done',
  );
  run.kill('SIGTERM');
  assert.equal(await ended, 9);
  assert.match(output(), /tidied/);
});

test('a child that SIGTERM kills makes 143', async () => {
  const { run, ended } = await ready('echo ready; exec sleep 60');
  run.kill('SIGTERM');
  assert.equal(await ended, 143);
});

test('SIGHUP and SIGUSR2 reach the child too, and tf goes on', async () => {
  const { run, ended, output } = await ready(
    'trap "echo hup" HUP; trap "echo usr2; exit 5" USR2; echo ready; for i in $(seq 200); do sleep 0.05; done',
  );
  run.kill('SIGHUP');
  for (let i = 0; i < 200 && !output().includes('hup'); i++) await new Promise(resolve => setTimeout(resolve, 25));
  run.kill('SIGUSR2');
  assert.equal(await ended, 5);
  assert.match(output(), /hup\nusr2/);
});

test('a run that has ended is ended in the log', async () => {
  await world.tf(shell('true'));
  const entries = (await world.ok(['logs', '--json', '--all']))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string; run: string | null });
  const started = entries.filter(({ type }) => type === 'run.started').map(({ run }) => run);
  const ended = entries.filter(({ type }) => type === 'run.ended').map(({ run }) => run);
  assert.deepEqual(new Set(ended), new Set(started));
});
