/** Several workers: exchanges are the parent's, one for all of them, and what answers may not show they learn from it. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { startAgent } from '../http/agent.js';
import { get, oneAtEach, within } from '../workers/place.js';
import type { Received } from '../world.js';

test('two workers share one exchange and one rotation, mask its token both, and drop what the API refuses', {
  timeout: 120_000,
}, async () => {
  let token = '';
  let refresh = 'refresh-0123456789-1';
  let exchanges = 0;
  const answer = ({ host, body, headers }: Received, response: ServerResponse): void => {
    if (host === 'auth.example.com') {
      const right = new URLSearchParams(body.toString()).get('refresh_token') === refresh;
      exchanges += 1;
      token = `access-0123456789-${exchanges}`;
      refresh = `refresh-0123456789-${exchanges + 1}`;
      response.writeHead(right ? 200 : 400, { 'content-type': 'application/json' });
      const given = { access_token: token, token_type: 'bearer', expires_in: 600, refresh_token: refresh };
      return void response.end(JSON.stringify(right ? given : { error: 'invalid_grant' }));
    }
    response.writeHead(headers.authorization === `Bearer ${token}` ? 200 : 401);
    response.end(`the token is ${token} and then ${refresh}`);
  };
  await within({ hosts: ['upstream.test', 'auth.example.com'], answer }, async place => {
    const { world } = place;
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'allow']);
    const members = { client_id: 'x', token_url: 'https://auth.example.com/token', refresh_token: refresh };
    const input = JSON.stringify(members);
    await world.ok(['secret', 'set', 'api', '--scheme', 'oauth2', '--host', 'upstream.test'], { input });
    const agent = await startAgent(world, 'agent');
    const sockets = await oneAtEach(place, agent);
    const shown = new Set<string>();
    const ask = async (which: number): Promise<number> => {
      const { status, body } = await get(sockets[which]!, '/');
      shown.add(body);
      return status;
    };
    const all = await Promise.all(
      sockets.map(async (_, which) => [await ask(which), await ask(which), await ask(which)]),
    );
    assert.deepEqual(all.flat(), Array(6).fill(200));
    assert.equal(exchanges, 1);

    token = 'nobody-has-this-0123456789';
    assert.deepEqual([await ask(0), await ask(0)], [401, 200]);
    assert.equal(exchanges, 2);
    // This one still has a copy of the first token, and must not show the second either.
    assert.deepEqual([await ask(1), await ask(1)], [401, 200]);
    assert.equal(exchanges, 2);
    for (const body of shown) assert.ok(!/access-0123|refresh-0123/.test(body), body);
    await agent.end();
  });
});
