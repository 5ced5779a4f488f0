/** What ends while it is held is told so: by a kill, with its run, with its grant, with its gateway. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Agent, type RawAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { becomes, pending } from './pending.js';

for (const workers of [1, 2])
  describe(`with ${workers} workers`, () => {
    let world: World;
    before(async () => {
      world = await openWorld({ config: `approvals: {hold: 60s}\nworkers: ${workers}\n` });
    });
    after(() => world.close());

    const start = async (name: string): Promise<Agent> => {
      await world.ok(['gateway', 'create', name]);
      await world.ok(['permissions', 'set', '--gateway', name, '--action', 'http.*', '--effect', 'require_approval']);
      return startAgent(world, name);
    };
    const get = (as: Agent, path: string): Promise<RawAnswer> =>
      send(as, `GET ${path} HTTP/1.1\r\nHost: upstream.test\r\n\r\n`, { connect: 'upstream.test:443' });
    const problem = ({ body }: RawAnswer): { code: string; detail: string } =>
      JSON.parse(body) as { code: string; detail: string };

    test('killed, it reads that it was, and why', async () => {
      const agent = await start('killed');
      const answer = get(agent, '/killed');
      const { id } = await pending(world, '/killed');
      await world.ok(['kill', 'killed', '--reason', 'The drill of today.']);
      assert.deepEqual([(await answer).status, problem(await answer).code], [403, 'killed']);
      assert.match(problem(await answer).detail, /The drill of today/);
      await becomes(world, id, 'cancelled');
      await agent.end();
    });

    test('its run over, it reads that', async () => {
      const agent = await start('over');
      const answer = get(agent, '/over');
      const { id } = await pending(world, '/over');
      await agent.end();
      assert.deepEqual([(await answer).status, problem(await answer).code], [407, 'unauthenticated']);
      assert.match(problem(await answer).detail, /run_\w+ ended while/);
      await becomes(world, id, 'cancelled');
    });

    test('its grant revoked, it reads that', async () => {
      const agent = await start('granted');
      const issued = await world.ok([
        'grant',
        'issue',
        '--gateway',
        'granted',
        '--task',
        'look',
        '--action',
        'http.*',
        '--json',
      ]);
      const { token, jti } = JSON.parse(issued) as { token: string; jti: string };
      const answer = get({ ...agent, authorization: `Bearer ${token}` }, '/granted');
      const { id, grant } = await pending(world, '/granted');
      assert.equal(grant?.id, jti);
      await world.ok(['grant', 'revoke', jti]);
      assert.deepEqual([(await answer).status, problem(await answer).code], [407, 'unauthenticated']);
      assert.match(problem(await answer).detail, new RegExp(`grant ${jti} ended while|run_\\w+ ended while`));
      await becomes(world, id, 'cancelled');
      await agent.end();
    });

    test('its gateway removed, it reads that', async () => {
      const agent = await start('removed');
      const answer = get(agent, '/removed');
      const { id } = await pending(world, '/removed');
      await world.ok(['gateway', 'remove', 'removed']);
      assert.notEqual((await answer).status, 0);
      assert.match((await answer).body, /removed|ended/);
      await becomes(world, id, 'cancelled');
      assert.equal(world.received.length, 0);
      await agent.end();
    });
  });
