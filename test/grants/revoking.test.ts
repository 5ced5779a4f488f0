import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../faults/waiting.js';
import { openTls, readAnswer, startAgent } from '../http/agent.js';
import { within } from '../workers/place.js';
import { all, endless, occupy, refusal, there } from './occupied.js';
import { bearer, issue, status } from './place.js';

const task = ['--task', 'listen', '--action', 'http.*'];

test('a grant that is revoked ends all that is under way under it at two workers, and what waits for an approval', () => {
  const upstream = endless();
  return within(upstream, async ({ world }) => {
    await world.ok([
      ...['permissions', 'set', '--gateway', 'agent', '--action', 'http.delete', '--resource', 'host:upstream.test'],
      ...['--effect', 'require_approval'],
    ]);
    const agent = await startAgent(world, 'agent');
    const { token, jti } = await issue(world, task);
    const holder = bearer(agent, token);
    // Four connections are two at each worker.
    const sockets = await occupy(holder);
    const held = await openTls(holder, there);
    const answer = readAnswer(held);
    held.write('DELETE / HTTP/1.1\r\nHost: upstream.test\r\n\r\n');
    await until(async () => (await world.ok(['approvals', 'list'])).includes('http.delete'));
    const ended = Promise.all([all(sockets), all(upstream.open)]);
    await world.ok(['grant', 'revoke', jti]);
    await ended;
    const { status: told, body } = await answer;
    assert.ok(told === 407 && body.includes(`The grant ${jti} ended while this request waited`), body);
    for (let n = 0; n < 4; n++) {
      const { status: code, detail } = await refusal(holder);
      assert.equal(code, 407);
      assert.match(detail, /was revoked/);
    }
    assert.equal(world.received.length, 0);
    assert.equal(await status(agent, 'GET', '/own'), 200);
    await agent.end();
  });
});
