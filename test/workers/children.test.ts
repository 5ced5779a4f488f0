import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allow, runsOf, startChild, twoGateways } from '../control/family.js';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { oneAtEach, within } from './place.js';

const program = fileURLToPath(new URL('../../examples/attacks/widen.js', import.meta.url));
const limit = { timeout: 60_000 };

test(
  "with two workers a kill of a parent ends its child's streams at both, and the end of the parent its child",
  limit,
  () =>
    within(
      {
        intercept(request, response) {
          if (request.url !== '/events') return false;
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write('data: one\n\n');
          return true;
        },
      },
      async place => {
        const { world } = place;
        await twoGateways(world);
        const child = await startChild(world);
        const sockets = await oneAtEach(place, child);
        const ended = sockets.map(async socket => {
          socket.write('GET /events HTTP/1.1\r\nHost: upstream.test\r\n\r\n');
          await once(socket, 'data');
          socket.resume();
        });
        await Promise.all(ended);
        const closed = Promise.all(sockets.map(socket => once(socket, 'close')));
        const { stopped } = JSON.parse(await world.ok(['kill', 'parent', '--json'])) as {
          stopped: { exchanges: number };
        };
        await closed;
        assert.equal(stopped.exchanges, 2);
        await world.ok(['resume', 'parent']);
        await child.end();
        await until(async () => (await runsOf(world)).length === 0);
        const over = (await entries(world)).filter(({ type }) => type === 'run.ended').map(({ gateway }) => gateway);
        assert.deepEqual(over.sort(), ['child', 'parent']);
      },
    ),
);

test(
  'with two workers a token that a process of another run shows is refused by both, and its own run goes on',
  limit,
  () =>
    within({}, async place => {
      const { world } = place;
      await twoGateways(world);
      await allow(world, 'agent', 'gateway.spawn');
      const child = await startChild(world);
      const shows = (gateway: string): Promise<string> =>
        world.ok(['run', '--', gateway, process.execPath, program, '--show', child.env.HTTPS_PROXY!]);
      for (let i = 0; i < 3; i++) assert.equal((JSON.parse(await shows('agent')) as { status: number }).status, 407);
      const rejected = (await entries(world)).filter(({ type, at }) => type === 'auth.rejected' && at === 'proxy');
      assert.equal(rejected.length, 3);
      assert.match(String(rejected[0]!.reason), /belongs to another run/);
      await oneAtEach(place, child);
      await child.end();
    }),
);
