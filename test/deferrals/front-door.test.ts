import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { sendThrough } from '../../src/http/front-door.js';
import type { CanonicalRequest } from '../../src/model.js';

const plain: Omit<CanonicalRequest, 'content'> = {
  ...{ scheme: 'http', host: 'api.example.com', port: 80, method: 'POST', path: '/a', query: '', fields: [] },
  ...{ body: { state: 'complete', bytes: 2, sha256: '' }, upgrade: null },
};

/** Sends it to a proxy that does this with each connection once the request is there. */
async function sent(answer: (socket: Socket) => void, body = Buffer.from('{}')) {
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  try {
    return await sendThrough({ host: '127.0.0.1', port, token: 't', ca: '' }, plain, body);
  } finally {
    server.close();
  }
}

const head = 'HTTP/1.1 200 OK\r\nTf-Decision: allow\r\nContent-Length: 1000000\r\n\r\n';

test('what the upstream answered is known by its status, also where the rest of the answer is lost', async () => {
  for (const lose of [(socket: Socket) => socket.end(), (socket: Socket) => void socket.resetAndDestroy()]) {
    const answer = await sent(socket => socket.write(`${head}half`, () => setTimeout(lose, 50, socket)));
    assert.deepEqual([answer.status, answer.code], [200, null]);
  }
});

test('a connection that is reset before an answer is a rejection, and nothing else', async () => {
  await assert.rejects(sent(socket => void socket.resetAndDestroy()));
  await assert.rejects(sent(socket => void socket.resetAndDestroy(), Buffer.alloc(8 << 20)));
  await assert.rejects(sent(socket => socket.end()));
});
