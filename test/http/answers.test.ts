/** Answers of an upstream that is broken, or sends its credential back where nobody looks: byte by byte. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { type CertificateAuthority, openAuthority } from '../../src/tls/authority.js';
import { entries } from '../faults/ledger.js';
import { openWorld, type World } from '../world.js';
import { type Agent, openTls, type RawAnswer, readAnswer, send, startAgent } from './agent.js';

const canary = 'ghs_canary0123456789abcdefABCDEF';
let world: World;
let agent: Agent;
let server: Server;
let authority: CertificateAuthority;
/** What the upstream says to the next request. */
let says: readonly (string | Buffer)[] = [];
/** Milliseconds before it begins its TLS handshake. */
let hesitates = 0;
const heads: string[] = [];

before(async () => {
  server = createServer(socket => {
    socket.on('error', () => {});
    const greet = (): void => {
      const secure = new TLSSocket(socket, {
        isServer: true,
        secureContext: authority.contextFor('raw.test'),
        SNICallback: (name, done) => done(null, authority.contextFor(name)),
      });
      secure.on('error', () => {});
      let head = '';
      secure.on('data', (chunk: Buffer) => {
        head += chunk.toString('latin1');
        if (!head.includes('\r\n\r\n')) return;
        heads.push(head);
        head = '';
        for (const part of says) secure.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
        if (!/content-length|websocket/i.test(String(says[0]))) secure.end();
      });
    };
    setTimeout(greet, hesitates);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const addresses = ['raw.test', 'api.github.com'].map(host => `    "${host}:443": "127.0.0.1:${port}"\n`);
  world = await openWorld({ hosts: ['other.test'], config: addresses.join('') });
  authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of ['http.get', 'github.*'])
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', 'allow']);
  await world.ok(['secret', 'set', 'raw-key', '--host', 'raw.test', '--scheme', 'bearer'], { input: canary });
  await world.ok(['secret', 'set', 'github-token', '--connector', 'github'], { input: canary });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world?.close();
  server.close();
});

const get = (lines = ''): Promise<RawAnswer> =>
  send(agent, `GET /x HTTP/1.1\r\nHost: raw.test\r\n${lines}Connection: close\r\n\r\n`, { connect: 'raw.test:443' });
const short = 'Content-Length: 2\r\n\r\nok';

for (const [name, parts] of [
  ['the reason phrase', [`HTTP/1.1 200 ${canary}\r\n${short}`]],
  ['the name of a field', [`HTTP/1.1 200 OK\r\nX-${canary}: a\r\n${short}`]],
  ['an early hint', [`HTTP/1.1 103 ${canary}\r\nLink: ${canary}\r\n\r\nHTTP/1.1 200 OK\r\n${short}`]],
  [
    'a trailer',
    [`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=${canary}\r\nok\r\n0\r\nX-T: ${canary}\r\n\r\n`],
  ],
  [
    'a coding that a second field denies',
    ['HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: identity\r\n\r\n', gzipSync(canary)],
  ],
  [
    'a coding that Connection hides',
    ['HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: content-encoding\r\n\r\n', gzipSync(canary)],
  ],
] as const) {
  test(`a secret in ${name} does not reach the agent`, async () => {
    says = parts;
    const { head, body } = await get();
    const all = `${head}\r\n\r\n${body}`;
    assert.match(all, /^HTTP\/1\.1 (200|502) /);
    assert.ok(!all.includes(canary), all);
    const packed = Buffer.from(all, 'latin1').indexOf(Buffer.from([0x1f, 0x8b]));
    if (packed >= 0) assert.ok(!gunzipSync(Buffer.from(all, 'latin1').subarray(packed)).includes(canary));
  });
}

for (const [name, reason] of [
  ['control characters', 'O\x01K'],
  ['another alphabet', Buffer.from('\u65e5\u672c').toString('latin1')],
] as const) {
  test(`a reason phrase in ${name} is left out, and the answer is there`, async () => {
    says = [`HTTP/1.1 200 ${reason}\r\n${short}`];
    const { head, body } = await get();
    assert.match(head, /^HTTP\/1\.1 200 \r\n/);
    assert.equal(body, 'ok');
  });
}

for (const [coding, compress] of [
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
] as const) {
  test(`what follows the end of a body in ${coding} does not keep the answer from ending`, async () => {
    says = [`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\n\r\n`, compress('the body'), 'and more'];
    const { status, body } = await get();
    assert.equal(status, 200);
    assert.match(body, /the body/);
    assert.match(body, /\r\n0\r\n\r\n$/);
  });
}

test('another address for the host, and what proxies say to each other, stay here', async () => {
  says = [
    'HTTP/1.1 200 OK\r\nAlt-Svc: h3=":443"\r\nProxy-Authenticate: Basic\r\nProxy-Status: x\r\nTf-Decision: deny\r\n',
    'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nAlt-Svc: h3=":443"\r\nTf-Decision: deny\r\n\r\n',
  ];
  const { head, body } = await get();
  assert.doesNotMatch(`${head}${body}`, /alt-svc|proxy-|tf-decision: deny/i);
  assert.match(head, /tf-decision: allow/i);
});

test('a request with a credential asks for all of it: in ranges a secret would not be found', async () => {
  says = [`HTTP/1.1 200 OK\r\n${short}`];
  assert.equal((await get('Range: bytes=0-9\r\nIf-Range: "x"\r\n')).status, 200);
  assert.doesNotMatch(heads.at(-1)!, /range/i);
});

test('an upstream that switches to another protocol than the one that was asked for is refused', async () => {
  says = ['HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c-not-websocket\r\n\r\n'];
  const lines = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const socket = await openTls(agent, { connect: 'raw.test:443' });
  const answer = readAnswer(socket);
  socket.write(`GET /x HTTP/1.1\r\nHost: raw.test\r\nConnection: Upgrade\r\n${lines}\r\n`);
  assert.equal((await answer).status, 502);
});

test('a look-up that was still connecting never leaves after a kill', async () => {
  await world.ok([
    ...['permissions', 'set', '--gateway', 'agent', '--action', 'github.pr.merge', '--effect', 'deny'],
    ...['--where', 'base == "main"'],
  ]);
  says = ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}'];
  for (const scope of [['--connector', 'github'], ['--run', agent.env.TF_RUN!], ['agent']]) {
    heads.length = 0;
    hesitates = 1_900;
    const socket = await openTls(agent, { connect: 'api.github.com:443' });
    const dialled = once(server, 'connection');
    socket.write('PUT /repos/acme/site/pulls/7/merge HTTP/1.1\r\nHost: api.github.com\r\n\r\n');
    await dialled;
    const shut = once(socket, 'close');
    await world.ok(['kill', ...scope]);
    await shut;
    await new Promise(resolve => setTimeout(resolve, 2_200));
    assert.deepEqual(heads, [], scope.join(' '));
    await world.ok(['resume', ...scope]);
  }
  hesitates = 0;
});

test('a pipelined request whose client has gone before its turn ends too, and holds nothing', async () => {
  says = ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'];
  const reached = heads.length + 2;
  const socket = await openTls(agent, { connect: 'raw.test:443' });
  socket.write('GET /first HTTP/1.1\r\nHost: raw.test\r\n\r\nGET /second HTTP/1.1\r\nHost: raw.test\r\n\r\n');
  while (heads.length < reached) await new Promise(resolve => setTimeout(resolve, 20));
  socket.destroy();
  for (let round = 0; ; round++) {
    const status = JSON.parse(await world.ok(['status', '--json'])) as { requests_in_flight: number };
    if (status.requests_in_flight === 0) break;
    assert.ok(round < 10, 'it is still in flight');
  }
  const all = await entries(world);
  for (const path of ['/first', '/second']) {
    const decided = all.find(entry => (entry.request as { path?: string } | undefined)?.path === path);
    assert.ok(
      all.some(entry => entry.type === 'action.completed' && entry.decided === decided?.id),
      path,
    );
  }
});

test('after all that the proxy is the same one, and its log is whole', async () => {
  const all = await entries(world);
  assert.equal(all.filter(({ type }) => type === 'proxy.started').length, 1);
  await world.ok(['audit', 'verify']);
});
