import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { allow, startChild, twoGateways } from '../control/family.js';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { oneAtEach, within } from './place.js';

const limit = { timeout: 60_000 };

interface Waiting {
  readonly id: string;
  readonly state: string;
}

test(
  'with two workers a kill of a parent ends what its child has waiting for an approval at both, and nothing is sent',
  limit,
  () =>
    within({ config: 'approvals:\n  hold: 5m\n' }, async place => {
      const { world } = place;
      await twoGateways(world);
      await world.ok([
        ...['permissions', 'set', '--gateway', 'child', '--action', 'http.post', '--effect', 'require_approval'],
      ]);
      const child = await startChild(world);
      const sockets = await oneAtEach(place, child);
      const closed = Promise.all(
        sockets.map(async (socket, i) => {
          socket.write(`POST /held/${i} HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: 2\r\n\r\nhi`);
          socket.resume();
          await once(socket, 'close');
        }),
      );
      const waiting = async (): Promise<readonly Waiting[]> =>
        JSON.parse(await world.ok(['approvals', 'list', '--json'])) as Waiting[];
      await until(async () => (await waiting()).length === 2);
      const ids = (await waiting()).map(({ id }) => id);
      const { stopped } = JSON.parse(await world.ok(['kill', 'parent', '--json'])) as {
        stopped: { exchanges: number };
      };
      assert.equal(stopped.exchanges, 2);
      await closed;
      // Consent that comes too late sends nothing, now or after the end of the kill.
      for (const id of ids) await world.tf(['approvals', 'approve', id]);
      await world.ok(['resume', 'parent']);
      await allow(world, 'child', 'http.get');
      assert.deepEqual(
        world.received.map(({ method }) => method).filter(method => method === 'POST'),
        [],
      );
      const all = await entries(world);
      const held = all.filter(
        ({ type, request }) => type === 'action.decided' && String(request?.path).startsWith('/held'),
      );
      for (const { id } of held)
        assert.equal(all.find(({ type, decided }) => type === 'action.completed' && decided === id)?.error, 'killed');
      await child.end();
    }),
);

/** A WebSocket's server that says nothing (RFC 6455 §4.2.2). */
function upgrade({ headers, socket, url }: IncomingMessage): boolean {
  if (url !== '/socket') return false;
  const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  return true;
}

test('with two workers a kill of a parent ends the WebSockets of its child at both', limit, () =>
  within({ intercept: upgrade }, async place => {
    const { world } = place;
    await twoGateways(world);
    const child = await startChild(world);
    const sockets = await oneAtEach(place, child);
    const heads = sockets.map(async socket => {
      socket.write(
        'GET /socket HTTP/1.1\r\nHost: upstream.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      const [head] = (await once(socket, 'data')) as [Buffer];
      return head.toString().split('\r\n', 1)[0];
    });
    assert.deepEqual(await Promise.all(heads), Array(2).fill('HTTP/1.1 101 Switching Protocols'));
    const closed = Promise.all(sockets.map(socket => once(socket.resume(), 'close')));
    await world.ok(['kill', 'parent']);
    await closed;
    await child.end();
  }),
);
