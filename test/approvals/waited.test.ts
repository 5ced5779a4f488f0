/** `tf approvals wait` while the proxy is replaced by another one, and after it has ended. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { type Agent, type RawAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { becomes, pending } from './pending.js';

let world: World;
let agent: Agent;
before(async () => {
  world = await openWorld({ config: 'approvals: {hold: 60s}' });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'require_approval']);
  agent = await startAgent(world, 'agent');
});
after(() => world.close());

const get = (path: string): Promise<RawAnswer> =>
  send(agent, `GET ${path} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`, { connect: 'upstream.test:443' });

test('a proxy that ends tells what it holds to come back, keeps what waits, and whoever waits hears of it from the next one', async () => {
  const held = get('/held');
  const { id } = await pending(world, '/held');
  const waiting = world.tf(['approvals', 'wait', id]);
  await world.ok(['approvals', 'list']);
  await world.ok(['stop']);
  assert.equal((await held).status, 503);
  assert.match((await held).head, /retry-after/i);
  // Any command starts the next one.
  await world.ok(['approvals', 'list']);
  await becomes(world, id, 'pending');
  await world.ok(['approvals', 'approve', id]);
  const { code, stdout, stderr } = await waiting;
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, new RegExp(`${id} is granted`));
  const ended = (await entries(world)).filter(({ approval }) => approval === id).map(({ type }) => type);
  assert.deepEqual(ended, ['approval.requested', 'approval.granted']);
  assert.equal(world.received.length, 0);
});

test('with no proxy any more, whoever waits is told that, and not that nobody has answered', async () => {
  void get('/left').catch(() => {});
  const { id } = await pending(world, '/left');
  const waiting = world.tf(['approvals', 'wait', id]);
  await until(async () => (await world.tf(['status'])).code === 0);
  await world.ok(['stop']);
  const { code, stderr } = await waiting;
  assert.equal(code, 5, stderr);
  assert.match(stderr, /No proxy is running/);
});
