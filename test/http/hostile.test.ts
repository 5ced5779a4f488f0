import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { entries } from '../faults/ledger.js';
import { openWorld, type World } from '../world.js';
import { type Agent, openTls, openTunnel, readAnswer, send, startAgent } from './agent.js';
import { get, host, issues, post, refused, tunnels } from './hostile-requests.js';

let world: World;
let agent: Agent;
const canary = 'ghs_canary0123456789abcdefABCDEF';

before(async () => {
  world = await openWorld({ config: 'approvals: {hold: 1s}' });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'github.*', '--effect', 'allow']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'allow']);
  await world.ok(['secret', 'set', 'upstream-key', '--host', 'upstream.test', '--scheme', 'bearer'], { input: canary });
  await world.ok(['secret', 'set', 'github-token', '--connector', 'github'], { input: canary });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

for (const [name, bytes, status = 400] of refused) {
  test(`${name}: refused with ${status}, and nothing reaches the upstream`, async () => {
    const seen = world.received.length;
    const answer = await send(agent, bytes);
    assert.equal(answer.status, status, `${answer.head}\n${answer.body}`);
    assert.match(answer.head, /content-type: application\/problem\+json; charset=utf-8/i);
    assert.match(answer.head, /connection: close/i);
    assert.match(answer.head, /tf-decision: error/i);
    assert.match(answer.head, /tf-evidence-id: ev_/i);
    assert.equal(
      (JSON.parse(answer.body) as { code: string }).code,
      status === 421 ? 'authority_mismatch' : 'malformed_request',
    );
    assert.equal(world.received.length, seen);
  });
}

for (const [name, target, lines, status] of tunnels) {
  test(`a CONNECT with ${name} is refused with ${status}`, async () => {
    const answer = await openTunnel(agent, { connect: target, lines });
    assert.ok('status' in answer, 'the tunnel was opened');
    assert.equal(answer.status, status, answer.head);
  });
}

test("a server name other than the tunnel's is refused with 421", async () => {
  const seen = world.received.length;
  const answer = await send(agent, get(issues), { sni: 'slack.com' });
  assert.equal(answer.status, 421);
  assert.equal(world.received.length, seen);
});

test('private addresses are refused before anybody dials', async () => {
  for (const target of [
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '169.254.169.254',
    '10.0.0.1',
    '[fd00::1]',
  ]) {
    const answer = await send(agent, `GET / HTTP/1.1\r\nHost: ${target}\r\n\r\n`, {
      connect: `${target}:443`,
      sni: '',
    });
    assert.equal(answer.status, 403, target);
    assert.equal((JSON.parse(answer.body) as { code: string }).code, 'destination_prohibited', target);
  }
});

test('chunk extensions and trailers are not passed on: the body is framed anew', async () => {
  const seen = world.received.length;
  const answer = await send(
    agent,
    post(['Transfer-Encoding: chunked', 'Trailer: X-End'], '2;x=y\r\n{}\r\n0\r\nX-End: evil\r\n\r\n'),
  );
  assert.equal(answer.status, 200, answer.head);
  assert.equal(world.received.length, seen + 1);
  const got = world.received.at(-1)!;
  assert.equal(got.body.toString(), '{}');
  assert.equal(got.headers['content-length'], '2');
  assert.equal(got.headers['transfer-encoding'], undefined);
  assert.equal(got.headers['x-end'], undefined);
});

test('pipelined requests are judged one by one, and each answer belongs to its request', async () => {
  const seen = world.received.length;
  const socket = await openTls(agent);
  const first = readAnswer(socket);
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const whole = once(socket, 'close');
  socket.write(
    get(`${issues}?n=1`) +
      `DELETE /orgs/acme HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n` +
      get(`${issues}?n=2`),
  );
  await first;
  await whole;
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(match => Number(match[1]));
  assert.equal(statuses[0], 200);
  assert.deepEqual(
    world.received.slice(seen).map(({ target }) => target),
    [`${issues}?n=1`],
  );
});

test('garbage behind a good request does not spoil its answer', async () => {
  const socket = await openTls(agent);
  const closed = once(socket, 'close');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.write(`${get(`${issues}?n=3`)}\x00\x01garbage\r\n\r\n`);
  await closed;
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(text.match(/HTTP\/1\.1/g)?.length, 1, text);
});

test('a body that never comes to its end is not sent', async () => {
  const seen = world.received.length;
  const socket = await openTls(agent);
  socket.write(post(['Content-Length: 100'], '{"title":'));
  await new Promise(resolve => setImmediate(resolve));
  socket.destroy();
  await send(agent, get(`${issues}?n=4`));
  assert.deepEqual(
    world.received.slice(seen).map(({ target }) => target),
    [`${issues}?n=4`],
  );
});

test('a long upload that breaks its framing resets the upstream: it never sees a whole request', async () => {
  const seen = world.received.length;
  const socket = await openTls(agent, { connect: 'upstream.test:443' });
  const closed = once(socket, 'close');
  socket.on('data', () => {});
  const chunk = `${(1 << 20).toString(16)}\r\n${'a'.repeat(1 << 20)}\r\n`;
  socket.write(
    `POST /upload HTTP/1.1\r\nHost: upstream.test\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(10)}zz\r\n`,
  );
  await closed;
  await send(agent, get(`${issues}?n=5`));
  assert.deepEqual(
    world.received.slice(seen).map(({ target }) => target),
    [`${issues}?n=5`],
  );
});

test('an offer of h2c is ignored and the request answered as it is', async () => {
  const seen = world.received.length;
  const answer = await send(
    agent,
    get(
      `${issues}?n=6`,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    ),
  );
  assert.equal(answer.status, 200, answer.head);
  const got = world.received.at(-1)!;
  assert.equal(world.received.length, seen + 1);
  assert.equal(got.headers.upgrade, undefined);
  assert.equal(got.headers['http2-settings'], undefined);
});

test('an upgrade that the upstream answers without switching shows the agent nothing of that answer', async () => {
  // The stand-in echoes the head that it got, the credential among it.
  const lines = [
    'Host: upstream.test',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  const answer = await send(agent, `GET /live HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, {
    connect: 'upstream.test:443',
  });
  assert.equal(world.received.at(-1)?.headers.authorization, `Bearer ${canary}`);
  assert.ok(!`${answer.head}${answer.body}`.includes(canary), 'the secret came back');
  assert.equal(answer.status, 502, answer.head);
  assert.equal((JSON.parse(answer.body) as { code: string }).code, 'upstream_protocol');
});

test('a head that never comes to its end is given up: a client that drips bytes holds nothing', {
  timeout: 40_000,
}, async () => {
  const socket = await openTls(agent);
  const answer = readAnswer(socket);
  socket.write('GET / HTTP/1.1\r\nHost: api.github.com\r\nX-Drip: ');
  const drip = setInterval(() => socket.write('a'), 500);
  const { status, body } = await answer;
  clearInterval(drip);
  assert.equal(status, 400);
  assert.match(body, /took too long/);
});

test('a request to the proxy itself without a target in full is refused', async () => {
  const socket = connect({ host: '127.0.0.1', port: agent.port });
  socket.on('error', () => {});
  const answer = readAnswer(socket);
  socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nProxy-Authorization: ${agent.authorization}\r\n\r\n`);
  assert.equal((await answer).status, 400);
  socket.destroy();
});

test('mutilated requests that break off anywhere get nothing upstream that was not recorded', {
  timeout: 60_000,
}, async () => {
  const seen = world.received.length;
  const allows = async (): Promise<Awaited<ReturnType<typeof entries>>> =>
    (await entries(world)).filter(({ type, decision }) => type === 'action.decided' && decision?.effect === 'allow');
  const before = (await allows()).length;
  const good = [
    get(`${issues}?fuzz`),
    post(['Content-Length: 2'], '{}'),
    post(['Transfer-Encoding: chunked'], '2\r\n{}\r\n0\r\n\r\n'),
    get(issues, 'Connection: Upgrade', 'Upgrade: websocket'),
    get(issues, 'Connection: Upgrade', 'Upgrade: h2c'),
  ];
  const mutilation = fc.record({
    bytes: fc.constantFrom(...good),
    at: fc.nat(),
    cut: fc.nat(),
    insert: fc.constantFrom(
      '',
      '\r\n',
      '\n',
      '\0',
      ' ',
      ':',
      '\r\n\r\n',
      'Content-Length: 5\r\n',
      '\xff',
      'a'.repeat(70_000),
    ),
    skip: fc.nat(3),
    wait: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(mutilation, async ({ bytes, at, cut, insert, skip, wait }) => {
      const place = at % bytes.length;
      const text = bytes.slice(0, place) + insert + bytes.slice(place + skip);
      const socket = await openTls(agent);
      socket.write(Buffer.from(text.slice(0, wait ? text.length : cut % (text.length + 1)), 'latin1'));
      // Either it is answered, or it waits for more: then the client goes.
      if (wait) await Promise.race([readAnswer(socket), new Promise(resolve => setTimeout(resolve, 15))]);
      socket.destroy();
    }),
    { numRuns: 150 },
  );
  await send(agent, get(`${issues}?after-fuzz`));
  // More may be allowed than arrives: the client has gone by then.
  const decided = (await allows()).slice(before).map(({ request }) => request?.path);
  assert.ok(world.received.length - seen <= decided.length);
  for (const { target } of world.received.slice(seen)) assert.ok(decided.includes(target.split('?', 1)[0]!), target);
});

test('after all of this the program is healthy and the log verifies', async () => {
  const status = JSON.parse(await world.ok(['status', '--json'])) as { healthy: boolean; requests_in_flight: number };
  assert.equal(status.healthy, true);
  assert.equal(status.requests_in_flight, 0);
  await world.ok(['audit', 'verify']);
  // It would have been started again at once: it must be the one that was there at first.
  assert.equal((await entries(world)).filter(({ type }) => type === 'proxy.started').length, 1);
});
