/** How far a yes reaches: by number, by time, by run and by resource, and never further, however many ask at once. */
import assert from 'node:assert/strict';
import { type ClientHttp2Session, connect as connectSession } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { type Agent, openTls, type RawAnswer, send, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';
import { approvals, becomes, pending } from './pending.js';

const request = (path: string, body = '{"a":1}'): string =>
  `POST ${path} HTTP/1.1\r\nHost: upstream.test\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

for (const workers of [1, 2])
  describe(`with ${workers} workers`, () => {
    let world: World;
    let agent: Agent;
    before(async () => {
      world = await openWorld({ config: `approvals: {hold: 150ms, expire: 60s}\nworkers: ${workers}\n` });
      await world.ok(['gateway', 'create', 'agent']);
      for (const action of ['http.*', 'github.*'])
        await world.ok([
          'permissions',
          'set',
          '--gateway',
          'agent',
          '--action',
          action,
          '--effect',
          'require_approval',
        ]);
      agent = await startAgent(world, 'agent');
    });
    after(async () => {
      await agent.end();
      await world.close();
    });

    const post = (path: string, body?: string, as = agent): Promise<RawAnswer> =>
      send(as, request(path, body), { connect: 'upstream.test:443' });
    const at = (path: string): number => world.received.filter(({ target }) => target === path).length;
    const held = async (path: string, body?: string): Promise<string> => {
      const { status, body: text } = await post(path, body);
      assert.equal(status, 503, text);
      return (JSON.parse(text) as { approval: { id: string } }).approval.id;
    };

    const session = async (): Promise<ClientHttp2Session> => {
      const socket = await openTls(agent, { connect: 'upstream.test:443', alpn: ['h2'] });
      return connectSession('https://upstream.test', { createConnection: () => socket });
    };
    const posted = (on: ClientHttp2Session, path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const stream = on.request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' });
        stream.once('response', headers => resolve(Number(headers[':status']))).once('error', reject);
        stream.resume().end('{"a":1}');
      });

    test('of 200 identical requests at once, under an approval for three, exactly three reach the upstream', async () => {
      const first = await session();
      assert.equal(await posted(first, '/three'), 503);
      first.destroy();
      const { id } = await pending(world, '/three');
      assert.match(await world.ok(['approvals', 'approve', id, '--count', '3']), /granted \(3 of 3 left\)/);
      const sessions = await Promise.all(Array.from({ length: 4 }, () => session()));
      const statuses = await Promise.all(
        sessions.flatMap(one => Array.from({ length: 50 }, () => posted(one, '/three'))),
      );
      for (const one of sessions) one.destroy();
      assert.equal(statuses.filter(status => status === 200).length, 3);
      assert.equal(statuses.filter(status => status === 503).length, 197);
      assert.equal(at('/three'), 3);
      const redeemed = (await entries(world)).filter(
        ({ type, approval }) => type === 'approval.redeemed' && approval === id,
      );
      assert.deepEqual(redeemed.map(({ used }) => used).sort(), [1, 2, 3]);
      // Those that were too many wait for one more, all for the same.
      assert.equal(
        (await approvals(world)).filter(({ state, request }) => state === 'pending' && request?.path === '/three')
          .length,
        1,
      );
    });

    if (workers > 1) return;
    test('for a time it is sent as often as the agent likes, is shown as standing, and can be taken back', async () => {
      const id = await held('/while');
      await world.ok(['approvals', 'approve', id, '--for', '1h']);
      for (let n = 0; n < 4; n++) assert.equal((await post('/while')).status, 200);
      assert.match(await world.ok(['approvals', 'list']), new RegExp(`${id} +granted \\(used 4 times\\)`));
      assert.notEqual(await held('/while', '{"a":2}'), id);
      await world.ok(['approvals', 'revoke', id, '--reason', 'enough']);
      assert.notEqual(await held('/while'), id);
      assert.equal(at('/while'), 4);
      assert.equal((await approvals(world)).find(one => one.id === id)?.state, 'refused');
    });

    test('its time over, what stood is over', async () => {
      const id = await held('/short');
      await world.ok(['approvals', 'approve', id, '--for', '300ms']);
      await becomes(world, id, 'expired');
      assert.notEqual(await held('/short'), id);
      assert.equal(at('/short'), 0);
    });

    test('by run it is for that run alone, and ends with it', async () => {
      const first = await startAgent(world, 'agent');
      assert.equal((await post('/run', undefined, first)).status, 503);
      const { id } = await pending(world, '/run');
      await world.ok(['approvals', 'approve', id, '--run']);
      for (let n = 0; n < 2; n++) assert.equal((await post('/run', undefined, first)).status, 200);
      assert.notEqual(await held('/run'), id);
      await first.end();
      await becomes(world, id, 'cancelled');
      assert.equal(at('/run'), 2);
    });

    test('by resource, parameters and body may differ; the resource, the place and the action may not', async () => {
      const issue = (path: string, text: string): Promise<RawAnswer> =>
        send(
          agent,
          `POST ${path} HTTP/1.1\r\nHost: api.github.com\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
        );
      const { body } = await issue('/repos/acme/site/issues', '{"title":"one"}');
      const { id } = (JSON.parse(body) as { approval: { id: string } }).approval;
      await world.ok(['approvals', 'approve', id, '--resource', '--count', '2']);
      assert.equal((await issue('/repos/acme/shop/issues', '{"title":"one"}')).status, 503);
      assert.equal((await issue('/repos/acme/site/labels', '{"name":"one"}')).status, 503);
      assert.equal((await issue('/repos/acme/site/issues', '{"title":"two"}')).status, 200);
      assert.equal((await issue('/repos/acme/site/issues', '{"title":"three"}')).status, 200);
      assert.equal((await issue('/repos/acme/site/issues', '{"title":"four"}')).status, 503);
    });
  });
