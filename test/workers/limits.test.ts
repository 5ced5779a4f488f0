import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { readSpending, readWanted } from '../../bin/workers/messages.js';
import { entries } from '../faults/ledger.js';
import { startAgent } from '../http/agent.js';
import { get, oneAtEach, within } from './place.js';

test('two workers count by the same limits, and what a lost one had set aside stays spent', { timeout: 120_000 }, () =>
  within(
    {
      answer(request, response) {
        if (request.body.includes('amount=300')) return;
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('{}');
      },
    },
    async place => {
      const { world } = place;
      const set = async (...more: string[]): Promise<string> =>
        (
          JSON.parse(
            await world.ok(['permissions', 'set', '--gateway', 'agent', '--effect', 'allow', '--json', ...more]),
          ) as { id: string }
        ).id;
      const rate = await set('--action', 'http.get', '--rate', '10/day');
      await set('--action', 'stripe.*', '--budget', 'usd 10/month');
      const agent = await startAgent(world, 'agent');
      const sockets = await oneAtEach(place, agent);
      const statuses = await Promise.all(
        sockets.map(async (socket, i) => {
          const own: number[] = [];
          for (let n = 0; n < 10; n++) own.push((await get(socket, `/${i}/${n}`)).status);
          return own;
        }),
      );
      // Both had some, and all of them together what the limit says.
      assert.equal(statuses.flat().filter(status => status === 200).length, 10);
      assert.equal(statuses.flat().filter(status => status === 429).length, 10);
      assert.ok(statuses.every(own => own.includes(200)));
      for (const socket of sockets) socket.destroy();

      const stripe = await oneAtEach(place, agent, { connect: 'api.stripe.com:443' });
      const charge = (i: number, amount: number): void => {
        const body = `amount=${amount}&currency=usd`;
        stripe[i]!.write(
          `POST /v1/charges HTTP/1.1\r\nHost: api.stripe.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      };
      const answered = async (i: number): Promise<string> => String((await once(stripe[i]!, 'data'))[0]).slice(9, 12);
      charge(0, 500);
      assert.equal(await answered(0), '200');
      const gone = once(stripe[0]!, 'close');
      charge(0, 300);
      const busy = async () => (await place.workers()).find(({ requests }) => requests > 0);
      let worker = await busy();
      while (worker === undefined) worker = await busy();
      process.kill(worker.pid, 'SIGKILL');
      await gone;
      charge(1, 201);
      assert.equal(await answered(1), '429');
      charge(1, 200);
      assert.equal(await answered(1), '200');
      const refused = (await entries(world)).filter(
        ({ decision }) => decision?.rule === rate && decision.effect === 'deny',
      );
      assert.equal(refused.length, 10);
      await agent.end();
    },
  ),
);

test('a worker that says something else than whole amounts, never less than nothing, is not believed', () => {
  const wanted = { limits: ['perm_1'], amounts: { usd: 1 }, unknown: { money: 'x' } };
  assert.deepEqual(readWanted(wanted), wanted);
  assert.deepEqual(readSpending({ reservation: 1, amounts: null }), { reservation: 1, amounts: null });
  for (const amounts of [{ usd: -1 }, { usd: 0.5 }, { usd: Number.NaN }, { usd: '1' }, { usd: 2 ** 60 }, null, 'usd']) {
    assert.throws(() => readWanted({ ...wanted, amounts }), TypeError);
    if (amounts !== null) assert.throws(() => readSpending({ reservation: 1, amounts }), TypeError);
  }
  assert.throws(() => readWanted({ ...wanted, limits: 'perm_1' }), TypeError);
  assert.throws(() => readWanted({ ...wanted, unknown: { money: 1 } }), TypeError);
  assert.throws(() => readSpending({ amounts: {} }), TypeError);
});
