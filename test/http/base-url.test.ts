/** Base URL: a request whose path names its upstream is judged and sent as the same request through the proxy would be. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { filesBelow, openWorld, type World } from '../world.js';
import { type Agent, type RawAnswer, readAnswer, send, startAgent } from './agent.js';

let world: World;
let agent: Agent;
const secret = 'sk-canary0123456789abcdefABCDEF';

before(async () => {
  world = await openWorld({
    config: 'names: [tollfence, gate.corp.example]\n',
    intercept(request, response) {
      if (request.url === '/slow') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: one\n\n');
        request.once('close', () => response.end());
        return true;
      }
      return false;
    },
  });
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of ['openai.model.get', 'http.get', 'http.post'])
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', 'allow']);
  await world.ok(['secret', 'set', 'openai-key', '--connector', 'openai'], { input: secret });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

/** Sends these lines to the proxy's own port, and returns the first answer. */
async function direct(target: string, lines: readonly string[], method = 'GET', body = ''): Promise<RawAnswer> {
  const socket = connect(agent.port, '127.0.0.1');
  socket.on('error', () => {});
  const answer = readAnswer(socket);
  const host = lines.some(line => /^host:/i.test(line)) ? [] : [`Host: 127.0.0.1:${agent.port}`];
  socket.write(`${[`${method} ${target} HTTP/1.1`, ...host, ...lines, '', ''].join('\r\n')}${body}`);
  const result = await answer;
  socket.destroy();
  return result;
}

const codeOf = ({ body }: RawAnswer): string => (JSON.parse(body) as { code: string }).code;

test('it is the same request to the policy, in the log and at the upstream, whichever way it came', async () => {
  const through = await send(
    agent,
    'GET /v1/models/m?a=1 HTTP/1.1\r\nHost: api.openai.com\r\nAuthorization: Bearer x\r\nX-Kept: 1\r\n\r\n',
    { connect: 'api.openai.com:443' },
  );
  const plain = await direct('/_/API.openai.com:443/v1/models/m?a=1', [
    `Authorization: Bearer ${agent.token}`,
    'X-Kept: 1',
  ]);
  assert.deepEqual([through.status, plain.status], [200, 200]);
  assert.match(plain.head, /tf-evidence-id: ev_/i);
  const [first, second] = world.received.slice(-2);
  assert.deepEqual(second?.rawHeaders, first?.rawHeaders);
  assert.equal(second?.target, first?.target);
  assert.equal(second?.headers.authorization, `Bearer ${secret}`);
  const decided = (await entries(world)).filter(
    ({ type, request }) => type === 'action.decided' && request?.host === 'api.openai.com',
  );
  const [a, b] = decided
    .slice(-2)
    .map(({ action, resource, request, decision }) => ({ action, resource, request, decision }));
  assert.deepEqual(b, a);
});

test('the token is taken wherever a client puts a key, and never goes upstream, nor into the log', async () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const before = world.received.length;
  const ways = [
    [`Authorization: Bearer ${agent.token}`],
    [`authorization: ${basic(`user:${agent.token}`)}`],
    [`Authorization: ${basic(`${agent.token}:`)}`],
    [`Authorization: token ${agent.token}`],
    [`Authorization: ${agent.token}`],
    [`x-api-key: ${agent.token}`],
    [`API-Key: ${agent.token}`],
    [`x-goog-api-key: ${agent.token}`],
    [`Proxy-Authorization: ${agent.authorization}`],
    ['Authorization: Bearer of-my-own', `X-Api-Key: ${agent.token}`],
    [`Authorization: Bearer ${agent.token}`, `x-api-key: ${agent.token}`, `x-goog-api-key: ${agent.token}`],
  ];
  for (const lines of ways) {
    const answer = await direct('/_/upstream.test/x', lines);
    assert.equal(answer.status, 200, lines.join());
    assert.ok(!answer.body.includes(agent.token));
  }
  const arrived = world.received.slice(before);
  assert.equal(arrived.length, ways.length);
  for (const { rawHeaders } of arrived)
    for (const value of rawHeaders)
      assert.ok(
        !value.includes(agent.token) && !value.includes(Buffer.from(agent.token).toString('base64').slice(2, 30)),
        value,
      );
  assert.equal(arrived[9]?.headers.authorization, 'Bearer of-my-own');
  for (const { path, content } of filesBelow(world.home)) assert.ok(!content.includes(agent.token), path);
});

test('a token that stands where it would go upstream is refused, and so is the request', async () => {
  const seen = world.received.length;
  const key = `Authorization: Bearer ${agent.token}`;
  for (const [target, lines, method] of [
    [`/_/upstream.test/x?key=${agent.token}`, [key], 'GET'],
    [`/_/upstream.test/${agent.token}`, [key], 'GET'],
    ['/_/upstream.test/x', [key, `Cookie: session=${agent.token}`], 'GET'],
    ['/_/upstream.test/x', [key, `X-Other: ${agent.token}`, 'Content-Length: 0'], 'POST'],
  ] as const) {
    const answer = await direct(target, lines, method);
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'denied']);
    assert.ok(!answer.body.includes(agent.token));
  }
  assert.equal(world.received.length, seen);
});

test('without a live token the answer is 401, which such a client understands', async () => {
  for (const lines of [
    [],
    ['Authorization: Bearer nobodys'],
    ['x-api-key: sk-1'],
    ['Authorization: Basic !!!'],
    [`x-other: ${agent.token}`],
  ]) {
    const answer = await direct('/_/upstream.test/x', lines);
    assert.deepEqual([answer.status, codeOf(answer)], [401, 'unauthenticated'], lines.join());
    assert.match(answer.head, /\r\nwww-authenticate: basic realm="tollfence"/i);
    assert.doesNotMatch(answer.head, /proxy-authenticate/i);
    assert.equal((JSON.parse(answer.body) as { status: number }).status, 401);
  }
  const proxied = await direct('http://upstream.test/x', ['Host: upstream.test']);
  assert.equal(proxied.status, 407);
});

test('a request for another name than ours is refused, whoever let that name point here', async () => {
  const key = `Authorization: Bearer ${agent.token}`;
  const seen = world.received.length;
  for (const host of [
    'evil.example',
    `evil.example:${agent.port}`,
    '10.0.0.1',
    'upstream.test',
    'localhost.evil.example',
    '0.0.0.0',
  ]) {
    const answer = await direct('/_/upstream.test/x', [`Host: ${host}`, key]);
    assert.deepEqual([answer.status, codeOf(answer)], [421, 'authority_mismatch'], host);
  }
  for (const origin of [
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'file://',
    'http://127.0.0.1@evil.example',
  ])
    assert.ok([400, 421].includes((await direct('/_/upstream.test/x', [key, `Origin: ${origin}`])).status), origin);
  assert.equal(world.received.length, seen);
  for (const host of [`localhost:${agent.port}`, '127.0.0.1', 'tollfence.localhost:1', '[::1]:80', '127.8.8.8'])
    assert.equal((await direct('/_/upstream.test/x', [`Host: ${host}`, key])).status, 200, host);
  assert.equal((await direct('/_/upstream.test/x', [key, `Origin: http://localhost:${agent.port}`])).status, 200);
});

test('a name of the proxy that the operator has listed is one of its addresses, and nothing like it is', async () => {
  const key = `Authorization: Bearer ${agent.token}`;
  for (const host of ['tollfence:8080', 'TOLLFENCE', 'gate.corp.example:8080'])
    assert.equal((await direct('/_/upstream.test/x', [`Host: ${host}`, key])).status, 200, host);
  const seen = world.received.length;
  for (const host of ['tollfence.evil.example', 'a.tollfence', 'corp.example', 'x.gate.corp.example', 'tollfence.'])
    assert.ok([400, 421].includes((await direct('/_/upstream.test/x', [`Host: ${host}`, key])).status), host);
  // No page of ours is there that a browser could send this for.
  assert.equal((await direct('/_/upstream.test/x', [key, 'Origin: http://tollfence:8080'])).status, 421);
  assert.equal(world.received.length, seen);
});

test('what the path names is read as strictly as a proxy target, and anything else on this port is none', async () => {
  const key = `Authorization: Bearer ${agent.token}`;
  const seen = world.received.length;
  for (const target of [
    '/_/',
    '/_//x',
    '/_/user@upstream.test/x',
    '/_/upstream.test:0/x',
    '/_/upstream.test:99999/x',
    '/_/127.1/x',
    '/_/upstream.test./x',
    '/_/upstream.test%2fx',
    '/_/upstream.test/../x',
    '/_/upstream.test//x',
    '/_/upstream.test/%2e%2e/x',
    '/_/upstream.test/x#y',
  ]) {
    const answer = await direct(target, [key]);
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'malformed_request'], target);
  }
  for (const target of ['/_', '/x', '/_x/upstream.test/', '//_/upstream.test/x']) {
    const answer = await direct(target, [`Proxy-Authorization: ${agent.authorization}`]);
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'malformed_request'], target);
    assert.equal((await direct(target, [key])).status, 407, target);
  }
  for (const lines of [
    [key, key],
    [key, `Host: 127.0.0.1`, 'Host: 127.0.0.1'],
    [key, 'Transfer-Encoding: chunked', 'Content-Length: 1'],
  ])
    assert.equal((await direct('/_/upstream.test/x', lines)).status, 400, lines.join());
  const inside = await direct('/_/127.0.0.1/x', [key]);
  assert.deepEqual([inside.status, codeOf(inside)], [403, 'destination_prohibited']);
  assert.equal(world.received.length, seen);
  for (const [target, expected] of [
    ['/_/upstream.test', '/'],
    ['/_/upstream.test?a=b', '/?a=b'],
    ['/_/upstream.test/_/x', '/_/x'],
  ] as const) {
    assert.equal((await direct(target, [key])).status, 200, target);
    assert.equal(world.received.at(-1)?.target, expected);
  }
});

test('inside a tunnel such a path is nothing special', async () => {
  const answer = await send(agent, 'GET /_/api.openai.com/v1/models HTTP/1.1\r\nHost: upstream.test\r\n\r\n', {
    connect: 'upstream.test:443',
  });
  assert.equal(answer.status, 200);
  assert.equal(world.received.at(-1)?.target, '/_/api.openai.com/v1/models');
});

test('uploads that wait for 100, chunked bodies and streams work, and a kill ends them', async () => {
  const key = `Authorization: Bearer ${agent.token}`;
  const upload = connect(agent.port, '127.0.0.1');
  upload.write(
    `POST /_/upstream.test/up HTTP/1.1\r\nHost: localhost\r\n${key}\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n`,
  );
  const [first] = (await once(upload, 'data')) as [Buffer];
  assert.match(first.toString(), /^HTTP\/1\.1 100 /);
  const whole = readAnswer(upload);
  upload.write(Buffer.alloc(1_000_000, 'a'));
  assert.equal((await whole).status, 200);
  assert.equal(world.received.at(-1)?.body.length, 1_000_000);
  upload.destroy();
  assert.equal(
    (await direct('/_/upstream.test/up', [key, 'Transfer-Encoding: chunked'], 'POST', '5\r\nhello\r\n0\r\n\r\n'))
      .status,
    200,
  );
  assert.equal(world.received.at(-1)?.body.toString(), 'hello');
  const stream = connect(agent.port, '127.0.0.1');
  stream.on('error', () => {});
  stream.write(`GET /_/upstream.test/slow HTTP/1.1\r\nHost: localhost\r\n${key}\r\n\r\n`);
  for (let text = ''; !text.includes('data: one'); ) text += ((await once(stream, 'data')) as [Buffer])[0].toString();
  const closed = new Promise(resolve => stream.once('close', resolve));
  await world.ok(['kill', 'agent']);
  await closed;
  const refused = await direct('/_/upstream.test/x', [key]);
  assert.deepEqual([refused.status, codeOf(refused)], [403, 'killed']);
  await world.ok(['resume', 'agent']);
});

test('the environment names the address to begin with', () => {
  assert.equal(agent.env.TF_BASE_URL, `http://127.0.0.1:${agent.port}/_`);
});
