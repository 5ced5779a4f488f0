import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, ask, at, deferred, kill9, openPlace, secret, upstream } from '../deferrals/place.js';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { openTls, send, startAgent } from '../http/agent.js';
import type { World } from '../world.js';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`;

const list = async <T>(world: World, ...command: string[]): Promise<T[]> =>
  JSON.parse(await world.ok([...command, '--json'])) as T[];

test('a gateway that is removed is stopped at once, and can be had back with all that it had', async () => {
  const world = await openPlace('1h', {
    intercept(request, response) {
      if (request.url !== '/stream') return false;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      return true;
    },
  });
  try {
    const agent = await startAgent(world, 'agent');
    const id = await deferred(agent, '/later');
    const stream = await openTls(agent, upstream);
    const ended = new Promise(resolve => stream.once('close', resolve));
    const first = new Promise(resolve => stream.once('data', resolve));
    stream.write(get('/stream'));
    await first;

    const said = await world.ok(['gateway', 'remove', 'agent', '--reason', 'over', '--json'], {
      env: { TF_RUN: agent.env.TF_RUN! },
    });
    const { gateway, stopped, runs } = JSON.parse(said) as {
      gateway: { purge_at: string };
      stopped: { exchanges: number };
      runs: string[];
    };
    assert.equal(stopped.exchanges, 1);
    assert.equal(runs.length, 1);
    await ended;
    await assert.rejects(send(agent, get('/after'), upstream), /407/);
    assert.match(await world.ok(['gateway', 'list']), new RegExp(`removed, purged at ${gateway.purge_at}`));
    assert.equal((await world.tf(['gateway', 'remove', 'agent'])).code, 1);
    const taken = await world.tf(['gateway', 'create', 'agent']);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /tf gateway reinstate agent/);
    const run = await world.tf(['run', '--name', 'agent', '--', 'true']);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, /removed/);
    await agent.end();

    assert.equal((await world.tf(['gateway', 'reinstate', 'agent'], { env: { TF_RUN: 'run_1' } })).code, 3);
    await world.ok(['gateway', 'reinstate', 'agent']);
    assert.equal((await world.tf(['gateway', 'reinstate', 'agent'])).code, 1);
    const again = await startAgent(world, 'agent');
    assert.equal((await send(again, get('/back'), upstream)).status, 200);
    assert.equal(at(world, '/back')[0]?.headers.authorization, `Bearer ${secret}`);
    assert.equal((await ask(again, '/later')).status, 202);
    assert.deepEqual(
      (await list<{ id: string; state: string }>(world, 'defer', 'list')).map(deferral => deferral.id),
      [id],
    );
    await again.end();
    const types = (await entries(world)).map(({ type }) => type);
    assert.deepEqual(
      types.filter(type => type === 'gateway.removed' || type === 'gateway.reinstated'),
      ['gateway.removed', 'gateway.reinstated'],
    );
    await world.ok(['audit', 'verify']);
  } finally {
    await world.close();
  }
});

test('after its time all that it had is purged, also by a proxy that was started anew, and its name is free', async () => {
  const world = await openPlace('1h', { config: 'gateways: {purge_after: 2s}' });
  try {
    await allow(world, 'other');
    const shared = ['--scheme', 'bearer', '--host', 'api.example.com', '--gateway', 'agent', '--gateway', 'other'];
    await world.ok(['secret', 'set', 'shared', ...shared], { input: 'value-of-the-shared-one' });
    const agent = await startAgent(world, 'agent');
    const id = await deferred(agent, '/later');
    await agent.end();
    await world.ok(['gateway', 'remove', 'agent']);
    await kill9(world);
    await until(async () => (await list<{ name: string }>(world, 'gateway', 'list')).length === 1);

    const permissions = await list<{ gateway: string }>(world, 'permissions', 'list');
    assert.deepEqual([...new Set(permissions.map(({ gateway }) => gateway))], ['other']);
    const secrets = await list<{ name: string; gateways: string[] }>(world, 'secret', 'list');
    assert.deepEqual(
      secrets.map(({ name, gateways }) => [name, gateways]),
      [['shared', ['other']]],
    );
    assert.deepEqual(await list(world, 'defer', 'list'), []);
    assert.equal((await world.tf(['gateway', 'reinstate', 'agent'])).code, 4);
    const purged = (await entries(world)).filter(({ type }) => type === 'gateway.purged');
    assert.equal(purged.length, 1);
    assert.deepEqual(purged[0]?.secrets_removed, ['token']);
    assert.deepEqual(purged[0]?.secrets_unbound, ['shared']);
    assert.deepEqual(purged[0]?.deferrals, [id]);

    await world.ok(['gateway', 'create', 'agent']);
    const anew = await startAgent(world, 'agent');
    const refused = await send(anew, get('/anew'), upstream);
    assert.equal(refused.status, 403);
    await anew.end();
    assert.deepEqual(world.received, []);
  } finally {
    await world.close();
  }
});
