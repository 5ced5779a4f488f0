import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as h2connect } from 'node:http2';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Agent, openTls, readAnswer, startAgent } from '../http/agent.js';
import type { World } from '../world.js';
import { at, deferred, ended, openPlace, secret, upstream } from './place.js';

let world: World;
let agent: Agent;

before(async () => {
  world = await openPlace('2s', {
    intercept(request, response) {
      if (request.url !== '/cut') return false;
      request.resume().once('end', () => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('some');
        setTimeout(() => response.destroy(), 100);
      });
      return true;
    },
  });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

const idOf = (body: string): string => (JSON.parse(body) as { defer: { id: string } }).defer.id;

test('what came to a base URL is executed as it was, with the secret and without the token of the run', async () => {
  const socket = connect(agent.port, '127.0.0.1');
  const answer = readAnswer(socket);
  const lines = [
    `Host: 127.0.0.1:${agent.port}`,
    `Authorization: Bearer ${agent.token}`,
    'X-Kept: \xe9',
    'Content-Length: 2',
  ];
  socket.write(Buffer.from(`DELETE /_/upstream.test/base?a=%41 HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n{}`, 'latin1'));
  const { outcome, cancelled } = await ended(world, idOf((await answer).body));
  assert.deepEqual(outcome, { status: 200, error: null }, JSON.stringify(cancelled));
  const [received, ...more] = at(world, '/base?a=%41');
  assert.deepEqual(more, []);
  assert.equal(received?.headers.authorization, `Bearer ${secret}`);
  assert.equal(received?.headers['x-kept'], '\xe9');
});

test('what came over HTTP/2 is executed as it was', async () => {
  const tls = await openTls(agent, { ...upstream, alpn: ['h2'] });
  const session = h2connect('https://upstream.test', { createConnection: () => tls });
  const fields = { ':method': 'DELETE', ':path': '/two', te: 'trailers', cookie: ['a=1', 'b=2'] };
  const stream = session.request({ ...fields, 'content-type': 'application/json' }, { endStream: false });
  stream.end('{"n":2}');
  let text = '';
  stream.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  await once(stream, 'end');
  session.destroy();
  const { outcome, cancelled } = await ended(world, idOf(text));
  assert.deepEqual(outcome, { status: 200, error: null }, JSON.stringify(cancelled));
  assert.deepEqual(
    at(world, '/two').map(({ body }) => body.toString()),
    ['{"n":2}'],
  );
});

test('what reaches its upstream by `--connect-to` does so when its run has ended', async () => {
  const other = await startAgent(world, 'agent', ['--connect-to', 'upstream.test:443:127.0.0.1:1']);
  const nowhere = await deferred(other, '/elsewhere');
  await other.end();
  const { outcome } = await ended(world, nowhere);
  assert.deepEqual(outcome, { status: null, error: 'upstream_unreachable' });
  assert.equal(at(world, '/elsewhere').length, 0);
});

test('of an answer that breaks off its status is known, and it is not sent again', async () => {
  const { outcome, state } = await ended(world, await deferred(agent, '/cut'));
  assert.equal(state, 'executed');
  assert.deepEqual(outcome, { status: 200, error: null });
});

test('a grant that is over with its run can still be revoked, which cancels what was deferred under it', async () => {
  const other = await startAgent(world, 'agent', ['--task', 'tidy up', '--action', 'http.*', '--ttl', '10m']);
  const id = await deferred(other, '/over');
  await other.end();
  const list = JSON.parse(await world.ok(['grant', 'list', '--all', '--json'])) as { id: string; state: string }[];
  assert.deepEqual(
    list.map(({ state }) => state),
    ['over'],
  );
  await world.ok(['grant', 'revoke', list[0]!.id]);
  assert.equal((await world.tf(['grant', 'revoke', list[0]!.id])).code, 1);
  const { state, cancelled } = await ended(world, id);
  assert.equal(state, 'cancelled');
  assert.match(cancelled!.reason, /revoked/);
  assert.equal(at(world, '/over').length, 0);
});

test('a request is deferred with as many fields as can be sent again, and denied with more', async () => {
  const ask = async (count: number) => {
    const lines = Array.from({ length: count }, (_, n) => `X-${n}: ${n}`);
    const tls = await openTls(agent, upstream);
    const answer = readAnswer(tls);
    tls.write(`DELETE /full HTTP/1.1\r\nHost: upstream.test\r\n${lines.join('\r\n')}\r\nContent-Length: 2\r\n\r\n{}`);
    const { status, body } = await answer;
    tls.destroy();
    return { status, body };
  };
  assert.equal((await ask(97)).status, 403);
  const { status, body } = await ask(96);
  assert.equal(status, 202);
  const { outcome, cancelled } = await ended(world, idOf(body));
  assert.deepEqual(outcome, { status: 200, error: null }, JSON.stringify(cancelled));
  assert.equal(at(world, '/full')[0]?.headers['x-95'], '95');
});
