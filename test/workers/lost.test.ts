/** Workers that are lost, by a signal or because they hang: nothing of theirs is left over. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { gone, until } from '../faults/waiting.js';
import { openTls, startAgent } from '../http/agent.js';
import { get, oneAtEach, there, within } from './place.js';

const limit = { timeout: 120_000 };

test('a worker that does not act on a kill is killed, and the acknowledgement waits for that', limit, () =>
  within({}, async place => {
    const agent = await startAgent(place.world, 'agent');
    const sockets = await oneAtEach(place, agent);
    const [stuck] = await place.workers();
    process.kill(stuck!.pid, 'SIGSTOP');
    await place.world.ok(['kill', 'agent']);
    assert.ok(gone(stuck!.pid));
    await until(async () => (await place.workers()).length === 2);
    assert.ok((await place.workers()).every(({ pid }) => pid !== stuck!.pid));
    await Promise.all(sockets.map(socket => (socket.destroyed ? null : once(socket, 'close'))));
    await agent.end();
  }),
);

test(
  'kill -9 of a worker under load: the other goes on, it is replaced, and all that was sent is accounted for',
  limit,
  () =>
    within(
      { answer: ({ target }, response) => void (target.startsWith('/held/') || response.end('ok')) },
      async place => {
        const { world } = place;
        const agent = await startAgent(world, 'agent');
        // Whichever worker is killed first, a request of it is open.
        const held = await oneAtEach(place, agent);
        const ends = held.map((socket, i) => get(socket, `/held/${i}`));
        await until(() => world.received.length === held.length);
        let over = false;
        let answered = 0;
        let sent = 0;
        const load = async (): Promise<void> => {
          while (!over) {
            const socket = await openTls(agent, there).catch(() => null);
            for (let open = socket !== null; open && !over; ) {
              const { status } = await get(socket!, `/n/${++sent}`);
              open = status === 200;
              if (open) answered += 1;
            }
            socket?.destroy();
          }
        };
        const loads = Array.from({ length: 6 }, load);
        for (let kills = 0; kills < 3; kills++) {
          const before = answered;
          await until(() => answered > before + 30);
          const workers = await place.workers();
          process.kill(workers[kills % workers.length]!.pid, 'SIGKILL');
          await until(async () => (await place.workers()).length === 2);
        }
        over = true;
        await Promise.all(loads);
        for (const socket of held) socket.destroy();
        await Promise.all(ends);
        await agent.end();
        await place.stop();
        await world.ok(['audit', 'verify']);
        const all = await entries(world);
        const allowed = all.filter(({ type, decision }) => type === 'action.decided' && decision?.effect === 'allow');
        const paths = new Set(allowed.map(({ request }) => request!.path));
        assert.deepEqual(
          world.received.filter(({ target }) => !paths.has(target)),
          [],
        );
        assert.equal(new Set(world.received.map(({ target }) => target)).size, world.received.length, 'sent twice');
        // Each decision is completed once: by the worker, or by the parent for one that was lost.
        const completed = all.filter(({ type }) => type === 'action.completed');
        assert.deepEqual(completed.map(({ decided }) => decided).sort(), allowed.map(({ id }) => id).sort());
        assert.ok(completed.some(({ error }) => error === 'proxy_error'));
      },
    ),
);

test('connections that are on their way to a worker when it is lost are closed, not kept', limit, () =>
  within({}, async place => {
    const agent = await startAgent(place.world, 'agent');
    await until(async () => (await place.workers()).every(({ connections }) => connections === 0));
    const [stuck] = await place.workers();
    process.kill(stuck!.pid, 'SIGSTOP');
    const sockets = Array.from({ length: 8 }, () => connect(agent.port, '127.0.0.1'));
    let closed = 0;
    for (const socket of sockets) socket.on('error', () => {}).on('close', () => (closed += 1));
    await until(async () => (await place.workers()).every(({ connections }) => connections === 4));
    process.kill(stuck!.pid, 'SIGKILL');
    await until(() => closed === 4);
    for (const socket of sockets) socket.destroy();
    await agent.end();
  }),
);
