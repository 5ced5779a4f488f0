/** Doubts: upstreams that frame their answer oddly, or never give one, and what a request is where languages have names of their own. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { type CertificateAuthority, openAuthority } from '../../src/tls/authority.js';
import { openWorld, type World } from '../world.js';
import { type Agent, openTls, type RawAnswer, readAnswer, send, startAgent } from './agent.js';

const canary = 'ghs_canary0123456789abcdefABCDEF';
let world: World;
let agent: Agent;
let server: Server;
let authority: CertificateAuthority;
/** What the upstream does once the head of a request is there. */
let does: (socket: TLSSocket) => void = () => {};
/** All bytes that reached the upstream. */
let received = '';

before(async () => {
  server = createServer(socket => {
    socket.on('error', () => {});
    const secure = new TLSSocket(socket, { isServer: true, secureContext: authority.contextFor('raw.test') });
    secure.on('error', () => {});
    let head = '';
    secure.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (head.includes('\r\n\r\n')) return;
      head += chunk.toString('latin1');
      if (head.includes('\r\n\r\n')) does(secure);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  world = await openWorld({
    hosts: ['other.test'],
    config: `    "raw.test:443": "127.0.0.1:${port}"\nlimits:\n  response_head: 1s\n`,
  });
  authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  await world.ok(['gateway', 'create', 'agent']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.*', '--effect', 'allow']);
  await world.ok(['secret', 'set', 'raw-key', '--host', 'raw.test', '--scheme', 'bearer'], { input: canary });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world?.close();
  server.close();
});

const get = (lines = ''): Promise<RawAnswer> =>
  send(agent, `GET /x HTTP/1.1\r\nHost: raw.test\r\n${lines}\r\n`, { connect: 'raw.test:443' });
const codeOf = ({ body }: RawAnswer): string => (JSON.parse(body) as { code: string }).code;
const webSocket =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

const coded = gzipSync(`you are ${canary}`);
const chunks = Buffer.concat([Buffer.from(`${coded.length.toString(16)}\r\n`), coded, Buffer.from('\r\n0\r\n\r\n')]);
for (const [coding, body] of [
  ['gzip, chunked', chunks],
  ['gzip\r\nTransfer-Encoding: chunked', chunks],
  ['gzip', coded],
] as const) {
  test(`an answer whose transfer is coded as ${JSON.stringify(coding)} is refused: what is in it could not be searched`, async () => {
    does = socket => {
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n`);
      socket.end(body);
    };
    const answer = await get();
    assert.deepEqual([answer.status, codeOf(answer)], [502, 'upstream_protocol']);
  });
}

test('an upstream that only ever gives hints has not answered in time', async () => {
  does = socket => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'), 100);
    socket.once('close', () => clearInterval(timer));
  };
  const answer = await get();
  assert.deepEqual([answer.status, codeOf(answer)], [504, 'upstream_timeout']);
});

test('an upstream that says nothing to an upgrade has not answered in time', async () => {
  does = () => {};
  const answer = await get(webSocket);
  assert.deepEqual([answer.status, codeOf(answer)], [504, 'upstream_timeout']);
});

test('fields whose names mean something to a language go to a WebSocket and come back as they were', async () => {
  const names = 'constructor: mine\r\n__proto__: ours\r\n';
  received = '';
  does = socket =>
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${names.replaceAll(': ', `: ${canary} `)}\r\n`,
    );
  const socket = await openTls(agent, { connect: 'raw.test:443' });
  const head = once(socket, 'data') as Promise<[Buffer]>;
  socket.write(`GET /live HTTP/1.1\r\nHost: raw.test\r\n${webSocket}${names}\r\n`);
  const answer = (await head)[0].toString('latin1');
  socket.destroy();
  const lines = (text: string): string[] => text.split('\r\n').filter(line => /^(constructor|__proto__):/.test(line));
  assert.deepEqual(lines(received).sort(), ['__proto__: ours', 'constructor: mine']);
  const masked = '*'.repeat(canary.length);
  assert.deepEqual(lines(answer).sort(), [`__proto__: ${masked} ours`, `constructor: ${masked} mine`]);
});

test('a placeholder that drips in behind the judged part of a body never arrives', async () => {
  received = '';
  does = () => {};
  const socket = await openTls(agent, { connect: 'raw.test:443' });
  const answer = readAnswer(socket);
  socket.write('POST /x HTTP/1.1\r\nHost: raw.test\r\nTransfer-Encoding: chunked\r\n\r\n');
  const part = 'a'.repeat(1 << 20);
  socket.write(`${part.length.toString(16)}\r\n${part}\r\n`.repeat(2));
  for (const letter of 'tfplaceholder') socket.write(`1\r\n${letter}\r\n`);
  socket.write('0\r\n\r\n');
  assert.equal((await answer).status, 403);
  assert.doesNotMatch(received.replace(/\r\n1\r\n/g, ''), /tfplaceholder/);
});

test('after all that the log is whole', async () => {
  assert.equal((await world.tf(['audit', 'verify'])).code, 0);
});
