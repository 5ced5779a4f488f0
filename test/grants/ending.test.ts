import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { openTls } from '../http/agent.js';
import { openWorld } from '../world.js';
import { all, endless, occupy, refusal, stream, there } from './occupied.js';
import { bearer, endOf, issue, prepare } from './place.js';

const task = ['--task', 'listen', '--action', 'http.*'];

test('a grant that expires ends its stream, its WebSocket and its tunnel on both sides, and the run’s own go on', async () => {
  const upstream = endless();
  const world = await openWorld(upstream);
  try {
    const agent = await prepare(world);
    const own = await openTls(agent, there);
    own.write(stream);
    await once(own, 'data');
    const { token, jti } = await issue(world, [...task, '--ttl', '6s']);
    const holder = bearer(agent, token);
    const sockets = await occupy(holder);
    await Promise.all([all(sockets), all(upstream.open.slice(1))]);
    assert.ok(Date.now() >= endOf(token));
    const { status: code, detail } = await refusal(holder);
    assert.equal(code, 407);
    assert.match(detail, new RegExp(`The grant ${jti} for "listen" has expired at `));
    assert.ok(!own.destroyed && !upstream.open[0]!.destroyed);
    const entry = (await entries(world)).find(({ type }) => type === 'grant.expired');
    assert.equal((entry!.grant as { id: string }).id, jti);
    await agent.end();
  } finally {
    await world.close();
  }
});
