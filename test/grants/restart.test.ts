import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { openWorld } from '../world.js';
import { refusal } from './occupied.js';
import { bearer, endOf, issue, prepare, status } from './place.js';

const task = ['--task', 'listen', '--action', 'http.*'];

test('an approval is redeemed neither under a grant that has ended nor under one that does not cover the request', async () => {
  const world = await openWorld({ config: 'approvals: {hold: 50ms}' });
  try {
    const agent = await prepare(world);
    await world.ok([
      ...['permissions', 'set', '--gateway', 'agent', '--action', 'http.delete', '--resource', 'host:upstream.test'],
      ...['--effect', 'require_approval'],
    ]);
    const first = await issue(world, task);
    assert.equal(await status(bearer(agent, first.token), 'DELETE'), 503);
    await world.ok(['grant', 'revoke', first.jti]);
    const { id } = (JSON.parse(await world.ok(['approvals', 'list', '--json'])) as { id: string }[])[0]!;
    await world.tf(['approvals', 'approve', id]);
    assert.equal(await status(bearer(agent, first.token), 'DELETE'), 407);
    const { token } = await issue(world, ['--task', 'read', '--action', 'http.get']);
    assert.equal(await status(bearer(agent, token), 'DELETE'), 403);
    assert.equal(world.received.length, 0);
    await agent.end();
  } finally {
    await world.close();
  }
});

test('a restart ends no grant and brings none back', async () => {
  const world = await openWorld();
  try {
    const agent = await prepare(world);
    const live = await issue(world, task);
    const revoked = await issue(world, task);
    const short = await issue(world, [...task, '--ttl', '1s']);
    await world.ok(['grant', 'revoke', revoked.jti]);
    await world.ok(['stop']);
    await until(() => Date.now() > endOf(short.token));
    const proxy = world.start(['serve', '--listen', `127.0.0.1:${agent.port}`]);
    await until(async () => (await world.tf(['status'])).code === 0);
    assert.equal(await status(bearer(agent, live.token), 'GET'), 200);
    for (const { token } of [revoked, short]) assert.equal((await refusal(bearer(agent, token))).status, 407);
    const types = (await entries(world)).filter(({ type }) => type.startsWith('grant.')).map(({ type }) => type);
    assert.deepEqual(types.slice(-2), ['grant.revoked', 'grant.expired']);
    agent.child.kill('SIGKILL');
    proxy.kill('SIGTERM');
    await once(proxy, 'exit');
  } finally {
    await world.close();
  }
});
