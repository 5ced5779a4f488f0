import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Agent, openTls, readAnswer, startAgent } from '../http/agent.js';
import { openWorld, type World } from '../world.js';

let world: World;
let agent: Agent;
let events: ServerResponse | null = null;
const sockets = new Set<unknown>();

function answer(request: IncomingMessage, response: ServerResponse): boolean {
  sockets.add(request.socket);
  if (request.url === '/events') {
    events = response;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  } else if (request.url === '/nothing') response.writeHead(204).end();
  else if (request.url === '/unchanged') response.writeHead(304, { etag: '"a"', 'content-length': '1234' }).end();
  else if (request.method === 'HEAD') response.writeHead(200, { 'content-length': '987654' }).end();
  else if (request.url === '/early') response.writeHead(413, { connection: 'close' }).end('too large');
  else return false;
  return true;
}

before(async () => {
  world = await openWorld({ hosts: ['upstream.test', 'api.github.com'], intercept: answer });
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of ['http.*', 'github.*'])
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', 'allow']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.delete', '--effect', 'deny']);
  await world.ok(['secret', 'set', 'token', '--host', 'upstream.test', '--scheme', 'bearer', '--gateway', 'agent'], {
    input: 'canary-0123456789-abcdef\n',
  });
  agent = await startAgent(world, 'agent');
});
after(async () => {
  await agent?.end();
  await world.close();
});

const open = (): Promise<Socket> => openTls(agent, { connect: 'upstream.test:443' });
const print = (method: string, path: string, ...lines: string[]): string =>
  `${method} ${path} HTTP/1.1\r\n${['Host: upstream.test', ...lines].join('\r\n')}\r\n\r\n`;

/** Collects what arrives, and resolves once it fits. */
function listen(socket: Socket): (pattern: RegExp) => Promise<string> {
  let text = '';
  const waiting = new Set<() => void>();
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (const look of waiting) look();
  });
  return pattern =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        waiting.delete(look);
        resolve(text);
      };
      waiting.add(look);
      socket.once('close', () => reject(new Error(`It closed after: ${text}`)));
      look();
    });
}

test('an event stream passes event by event: each is there before the next is sent', async () => {
  const socket = await open();
  const heard = listen(socket);
  socket.write(print('GET', '/events'));
  // The head comes before there is any event.
  await heard(/^HTTP\/1\.1 200[\s\S]*text\/event-stream[\s\S]*\r\n\r\n/);
  for (let i = 1; i <= 5; i++) {
    events!.write(`id: ${i}\ndata: {"n":${i}}\n\n`);
    await heard(new RegExp(`id: ${i}\ndata: \\{"n":${i}\\}\n\n`));
  }
  events!.end();
  await heard(/\r\n0\r\n\r\n$/);
  socket.destroy();
});

test('answers without a body stay without one, keep their fields, and leave the connection usable', async () => {
  const socket = await open();
  const heads = [
    ['HEAD', '/x', /^HTTP\/1\.1 200[\s\S]*\r\ncontent-length: 987654\r\n/i],
    ['GET', '/nothing', /^HTTP\/1\.1 204/],
    ['GET', '/unchanged', /^HTTP\/1\.1 304[\s\S]*\r\netag: "a"\r\n/i],
  ] as const;
  for (const [method, path, expected] of heads) {
    const head = new Promise<string>(resolve =>
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))).once('close', () => resolve('closed')),
    );
    socket.write(print(method, path));
    const text = await head;
    assert.match(text, expected);
    assert.ok(text.endsWith('\r\n\r\n'), text);
    assert.doesNotMatch(text, /\r\ntransfer-encoding/i);
  }
  const answer = readAnswer(socket);
  socket.write(print('GET', '/after'));
  assert.equal((await answer).status, 200);
  socket.destroy();
});

test('a client that waits for 100 gets it before it sends, and its body arrives whole', async () => {
  const socket = await open();
  const heard = listen(socket);
  const seen = world.received.length;
  socket.write(print('POST', '/expect', 'Content-Length: 5', 'Expect: 100-continue'));
  await heard(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  assert.equal(world.received.length, seen);
  socket.write('hello');
  await heard(/HTTP\/1\.1 200/);
  assert.equal(world.received.at(-1)?.body.toString(), 'hello');
  assert.equal(world.received.at(-1)?.headers.expect, undefined);
  socket.destroy();
});

test('a denied request with Expect and a body is refused in its turn, and nothing of it is sent', async () => {
  const socket = await open();
  const seen = world.received.length;
  const answer = readAnswer(socket);
  socket.write(`${print('DELETE', '/x', 'Content-Length: 5')}hello`);
  assert.equal((await answer).status, 403);
  assert.equal(world.received.length, seen);
  socket.destroy();
});

test('requests that follow each other use one connection to the client and one to the upstream', async () => {
  const socket = await open();
  sockets.clear();
  for (let i = 0; i < 10; i++) {
    const answer = readAnswer(socket);
    socket.write(print('GET', `/again/${i}`));
    assert.equal((await answer).status, 200);
  }
  assert.equal(sockets.size, 1);
  socket.destroy();
});

test('an upstream that answers before the upload is complete has its answer passed on', async () => {
  const socket = await open();
  const heard = listen(socket);
  socket.on('error', () => {});
  // Much longer than what is read before the decision.
  socket.write(print('PUT', '/early', `Content-Length: ${64 << 20}`));
  const block = Buffer.alloc(1 << 20);
  for (let i = 0; i < 24; i++) socket.write(block);
  assert.match(await heard(/^HTTP\/1\.1 \d+[\s\S]*\r\n\r\n/), /^HTTP\/1\.1 (413|502)/);
  socket.destroy();
});
