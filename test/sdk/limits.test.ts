/** What limits a deed that is no request: rates, the end of its grant, and the proxy's own end. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { startAgent } from '../http/agent.js';
import { repository } from '../imports.js';
import { openWorld, tfProgram, type World } from '../world.js';
import { deedsOf, type Said } from './deeds.js';

let world: World;

before(async () => {
  world = await openWorld({ config: 'workers: 2' });
  mkdirSync(join(world.dir, 'node_modules'));
  symlinkSync(repository, join(world.dir, 'node_modules', 'tollfence'));
  for (const name of ['agent', 'parent', 'child']) await world.ok(['gateway', 'create', name]);
  const set = (gateway: string, action: string, ...more: string[]): Promise<string> =>
    world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', 'allow', ...more]);
  await set('agent', 'billing.send');
  await set('agent', 'billing.refund', '--where', 'amount <= 100', '--rate', '2/day');
  await set('parent', 'gateway.spawn', '--rate', '1/day');
});
after(() => world.close());

test('a rate counts what was done by guard, and not what was denied', async () => {
  const agent = await startAgent(world, 'agent');
  const refund = (amount: number): Promise<Said> =>
    deedsOf(agent)('decide', { action: 'billing.refund', resource: 'order:1', parameters: { amount } });
  const codes: unknown[] = [];
  for (const amount of [500, 500, 500, 1, 2, 3]) codes.push((await refund(amount)).code ?? 'allowed');
  await agent.end();
  assert.deepEqual(codes, ['denied', 'denied', 'denied', 'allowed', 'allowed', 'rate_limited']);
});

test('a rate counts the runs that a run starts', async () => {
  const inner = `"$0" "$1" run -- child true; echo $?`;
  const { stdout, stderr } = await world.tf([
    ...['run', '--', 'parent', 'sh', '-c', `${inner}; ${inner}`, process.execPath, tfProgram],
  ]);
  assert.deepEqual(stdout.trim().split('\n').map(Number).slice(0, 1), [0], stderr);
  assert.notEqual(stdout.trim().split('\n').at(-1), '0');
  assert.match(stderr, /may not start child: .*1\/day/);
});

test('what took longer than its grant lived is recorded as it ended', async () => {
  const file = join(world.dir, 'long.mjs');
  writeFileSync(
    file,
    `import { guard, issue, Refused } from 'tollfence';
     const grant = await issue({ task: 't', actions: ['billing.send'], resources: ['order:1'], ttl: '1s' });
     const over = async () => {
       for (;;) {
         const error = await guard(grant, () => 1).then(() => null, error => error);
         if (error instanceof Refused && error.code === 'unauthenticated') return 'sent';
       }
     };
     const { evidenceId, value } = await guard(grant, over);
     console.log(JSON.stringify([evidenceId, value]));`,
  );
  const { code, stdout, stderr } = await world.tf(['run', '--', 'agent', process.execPath, file]);
  assert.equal(code, 0, stderr);
  const [evidence, value] = JSON.parse(stdout) as string[];
  assert.equal(value, 'sent');
  const end = (await entries(world)).find(({ type, decided }) => type === 'action.completed' && decided === evidence);
  assert.equal(end?.error, null);
});

test('what is under way when the proxy stops is recorded as unknown', async () => {
  const agent = await startAgent(world, 'agent');
  const { evidenceId } = await deedsOf(agent)('decide', { action: 'billing.send', resource: 'order:1' });
  await world.ok(['stop']);
  const end = (await entries(world)).find(({ type, decided }) => type === 'action.completed' && decided === evidenceId);
  assert.equal(end?.error, 'unknown');
  await agent.end();
});
