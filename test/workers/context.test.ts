/** Context with several workers: what is set acts at each of them, and what is counted is counted once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer, startAgent } from '../http/agent.js';
import { get, oneAtEach, within } from './place.js';

test('with two workers a loop is seen over both, and a freeze acts at both at once', { timeout: 60_000 }, () =>
  within({ config: 'timezone: Europe/Berlin\napprovals: {hold: 50ms}' }, async place => {
    const { world } = place;
    const repeats = ['--action', 'http.post', '--effect', 'allow', '--repeats', '4/hour'];
    await world.ok(['permissions', 'set', '--gateway', 'agent', ...repeats]);
    const agent = await startAgent(world, 'agent');
    const sockets = await oneAtEach(place, agent);
    const post = (i: number) => {
      const answer = readAnswer(sockets[i]!);
      sockets[i]!.write('POST /same HTTP/1.1\r\nHost: upstream.test\r\nContent-Length: 0\r\n\r\n');
      return answer;
    };
    const statuses: number[] = [];
    for (const i of [0, 1, 0, 1, 0]) statuses.push((await post(i)).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 503]);
    for (const socket of sockets) for (let n = 0; n < 5; n++) assert.equal((await get(socket, '/read')).status, 200);
    const { id } = JSON.parse(await world.ok(['freeze', 'add', '2020-01-01/2090-01-01', '--json'])) as { id: string };
    for (const i of [0, 1]) {
      const { status, body } = await post(i);
      assert.equal(status, 403);
      assert.match(body, new RegExp(id));
      assert.equal((await get(sockets[i]!, '/read')).status, 200);
    }
    for (const socket of sockets) socket.destroy();
    await agent.end();
  }),
);
