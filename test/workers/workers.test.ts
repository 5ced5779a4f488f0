import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { gone, until } from '../faults/waiting.js';
import { readAnswer, send, startAgent } from '../http/agent.js';
import { get, oneAtEach, type Place, there, within } from './place.js';

const limit = { timeout: 120_000 };

/** What reached the upstream is exactly what was recorded as allowed, and how it ended is recorded once for each. */
async function accounted({ world }: Place): Promise<void> {
  await world.ok(['audit', 'verify']);
  const all = await entries(world);
  const allowed = all.filter(({ type, decision }) => type === 'action.decided' && decision?.effect === 'allow');
  const paths = allowed.map(({ request }) => request!.path).sort();
  assert.deepEqual(world.received.map(({ target }) => target).sort(), paths);
  const completed = all.filter(({ type }) => type === 'action.completed').map(({ decided }) => decided);
  assert.deepEqual(completed.sort(), allowed.map(({ id }) => id).sort());
}

test('two workers share the port: both serve, each request is recorded once, and the log verifies', limit, () =>
  within({}, async place => {
    const agent = await startAgent(place.world, 'agent');
    const sockets = await oneAtEach(place, agent);
    await Promise.all(
      sockets.map(async (socket, i) => {
        for (let n = 0; n < 20; n++) assert.equal((await get(socket, `/${i}/${n}`)).status, 200);
      }),
    );
    assert.equal(new Set((await place.workers()).map(({ pid }) => pid)).size, 2);
    await agent.end();
    await place.stop();
    await accounted(place);
    assert.equal(place.world.received.length, 40);
  }),
);

test(
  'a secret is lent to both workers, put on their requests, masked in their answers, and a rotation acts on both',
  limit,
  () =>
    within({}, async place => {
      const { world } = place;
      await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'github.*', '--effect', 'allow']);
      await world.ok(['secret', 'set', 'token', '--connector', 'github'], { input: 'ghs_0123456789abcdef' });
      const agent = await startAgent(world, 'agent');
      const sockets = await oneAtEach(place, agent, { connect: 'api.github.com:443' });
      const ask = async (socket: Socket, secret: string): Promise<void> => {
        const { status, body } = await get(socket, '/repos/acme/site/issues', 'api.github.com');
        assert.equal(status, 200, body);
        assert.equal(world.received.at(-1)?.headers.authorization, `Bearer ${secret}`);
        assert.doesNotMatch(body, new RegExp(secret));
        assert.match(body, /\*{8}/);
      };
      for (const socket of [...sockets, ...sockets]) await ask(socket, 'ghs_0123456789abcdef');
      await world.ok(['secret', 'rotate', 'token'], { input: 'ghs_fedcba9876543210' });
      for (const socket of [...sockets, ...sockets]) await ask(socket, 'ghs_fedcba9876543210');
      await world.ok(['secret', 'remove', 'token']);
      for (const socket of sockets) {
        await get(socket, '/repos/acme/site/issues', 'api.github.com');
        assert.equal(world.received.at(-1)?.headers.authorization, undefined);
      }
      await agent.end();
      await place.stop();
      await world.ok(['audit', 'verify']);
      // A lease that one worker has opened serves the other as well.
      const leased = (await entries(world)).filter(({ type }) => type === 'credential.leased');
      assert.equal(leased.length, 2);
    }),
);

test('a change of permissions, and the end of a run, act at once on what is open at both workers', limit, () =>
  within({}, async place => {
    const { world } = place;
    const agent = await startAgent(world, 'agent');
    const sockets = await oneAtEach(place, agent);
    for (const socket of sockets) assert.equal((await get(socket, '/a')).status, 200);
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'deny']);
    for (const socket of sockets) assert.equal((await get(socket, '/b')).status, 403);
    const closed = sockets.map(socket => once(socket, 'close'));
    await agent.end();
    await Promise.all(closed);
    assert.ok(world.received.every(({ target }) => target === '/a'));
  }),
);

test(
  'a kill ends the streams at both workers before it is acknowledged, and what follows is refused',
  limit,
  async () => {
    const streams: ServerResponse[] = [];
    const endless = (_: unknown, response: ServerResponse): void => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      streams.push(response);
    };
    await within({ answer: endless }, async place => {
      const agent = await startAgent(place.world, 'agent');
      const sockets = await oneAtEach(place, agent);
      for (const socket of sockets) {
        socket.write('GET /events HTTP/1.1\r\nHost: upstream.test\r\n\r\n');
        await once(socket, 'data');
      }
      const ended = streams.map(stream => once(stream, 'close'));
      const closed = sockets.map(socket => once(socket, 'close'));
      const killed = JSON.parse(await place.world.ok(['kill', 'agent', '--json'])) as {
        stopped: { exchanges: number };
      };
      assert.equal(killed.stopped.exchanges, 2);
      await Promise.all([...ended, ...closed]);
      for (let n = 0; n < 4; n++)
        assert.equal((await send(agent, 'GET / HTTP/1.1\r\nHost: upstream.test\r\n\r\n', there)).status, 403);
      assert.equal(place.world.received.length, 2);
      await agent.end();
    });
  },
);

test(
  "an operator's own policy acts at both workers once it is activated, and its counters count the requests of both",
  limit,
  () =>
    within({}, async place => {
      const { world } = place;
      const agent = await startAgent(world, 'agent');
      const sockets = await oneAtEach(place, agent);
      for (const socket of sockets) assert.equal((await get(socket, '/before')).status, 200);
      const rego = join(world.dir, 'own.rego');
      writeFileSync(
        rego,
        'package tollfence\n\ndecision := {"effect": "deny", "rule": "own", "reason": sprintf("It is number %d.", [object.get(input.context.counters, "hour", 0)])}\n',
      );
      await world.ok(['policy', 'activate', rego]);
      const numbers: number[] = [];
      await Promise.all(
        sockets.map(async socket => {
          for (let n = 0; n < 15; n++) {
            const { detail } = JSON.parse((await get(socket, '/after')).body) as { detail: string };
            numbers.push(Number(/^It is number (\d+)\.$/.exec(detail)?.[1]));
          }
        }),
      );
      const [first] = numbers.sort((a, b) => a - b);
      // The canary and the two before are counted as well, though nobody asked for their numbers.
      assert.equal(first, 4);
      assert.deepEqual(
        numbers,
        Array.from({ length: 30 }, (_, n) => n + 4),
      );
      assert.equal(world.received.length, 2);
      await agent.end();
    }),
);

test('an approval is redeemed once, though its retries come to both workers', limit, () =>
  within({ config: 'approvals: {hold: 50ms}' }, async place => {
    const { world } = place;
    await world.ok([
      'permissions',
      'set',
      '--gateway',
      'agent',
      '--action',
      'http.get',
      '--resource',
      'host:upstream.test',
      '--effect',
      'require_approval',
    ]);
    const agent = await startAgent(world, 'agent');
    const sockets = await oneAtEach(place, agent);
    const asked = await get(sockets[0]!, '/once');
    assert.equal(asked.status, 503);
    const { approval } = JSON.parse(asked.body) as { approval: { id: string } };
    await world.ok(['approvals', 'approve', approval.id]);
    const answers = await Promise.all(sockets.map(socket => get(socket, '/once')));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 503]);
    assert.equal(world.received.length, 1);
    // One that is held hears of the approval at the other worker's side, too.
    await agent.end();
    await place.stop();
    await world.ok(['audit', 'verify']);
    assert.equal((await entries(world)).filter(({ type }) => type === 'approval.redeemed').length, 1);
  }),
);

test('workers end with their parent, and on SIGTERM with the requests in flight', limit, async () => {
  const slow: ServerResponse[] = [];
  await within({ answer: (_, response) => void slow.push(response) }, async place => {
    const agent = await startAgent(place.world, 'agent');
    const sockets = await oneAtEach(place, agent);
    const pids = (await place.workers()).map(({ pid }) => pid);
    const answers = sockets.map(socket => {
      const answer = readAnswer(socket);
      socket.write('GET /slow HTTP/1.1\r\nHost: upstream.test\r\n\r\n');
      return answer;
    });
    await until(() => slow.length === 2);
    const stopped = place.stop();
    await until(async () => (await place.world.tf(['status', '--json'])).stdout.includes('"draining": true'));
    for (const response of slow) response.end('done');
    for (const answer of answers) {
      const { status, head, body } = await answer;
      assert.deepEqual([status, body.includes('done')], [200, true]);
      assert.match(head, /\r\nconnection: close/i);
    }
    await stopped;
    assert.ok(pids.every(gone));
    await agent.end();
    await accounted(place);
  });
  await within({}, async place => {
    const agent = await startAgent(place.world, 'agent');
    // What is open there must not keep them.
    const sockets = await oneAtEach(place, agent);
    const pids = (await place.workers()).map(({ pid }) => pid);
    const closed = sockets.map(socket => once(socket, 'close'));
    place.proxy.kill('SIGKILL');
    await Promise.all(closed);
    await until(() => pids.every(gone));
    agent.child.kill('SIGKILL');
  });
});
