import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { runsOf, startChild, twoGateways } from './family.js';

let world: World;

before(async () => {
  world = await openWorld({ config: 'approvals: {hold: 1m}' });
  await twoGateways(world);
});
after(() => world.close());

const request = (method: string): string => `${method} / HTTP/1.1\r\nHost: upstream.test\r\n\r\n`;
const upstream = { connect: 'upstream.test:443' };

test('with a gateway the runs end that were started from its own, and what they wait for; others go on', async () => {
  const permission = ['--gateway', 'child', '--action', 'http.delete', '--effect', 'require_approval'];
  await world.ok(['permissions', 'set', ...permission]);
  const child = await startChild(world);
  const other = await startAgent(world, 'child');
  assert.equal((await runsOf(world)).length, 3);
  const held = send(child, request('DELETE'), upstream).catch(() => null);
  type Shown = { readonly state: string };
  const approvals = async (): Promise<Shown[]> =>
    JSON.parse(await world.ok(['approvals', 'list', '--json'])) as Shown[];
  await until(async () => (await approvals()).some(({ state }) => state === 'pending'));

  await world.ok(['gateway', 'remove', 'parent']);
  await held;
  await assert.rejects(send(child, request('GET'), upstream), /407/);
  assert.deepEqual(
    (await approvals()).map(({ state }) => state),
    ['cancelled'],
  );
  assert.deepEqual(
    (await runsOf(world)).map(({ chain }) => chain),
    [['child']],
  );
  assert.equal((await send(other, request('GET'), upstream)).status, 200);
  await other.end();
  assert.deepEqual(
    world.received.map(({ method }) => method),
    ['GET'],
  );
  const ended = (await entries(world)).filter(({ type }) => type === 'run.ended');
  assert.equal(new Set(ended.map(({ run }) => run)).size, ended.length);
});
