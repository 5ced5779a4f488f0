/** The kill switch with as much open as a busy gateway has, of every protocol at once. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { openAuthority } from '../../src/tls/authority.js';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { openTls, readAnswer } from '../http/agent.js';
import { ask, openSession, openStand } from './stand.js';

const sessions = 20;
const streams = 50;
const pause = (milliseconds: number): Promise<unknown> => new Promise(resolve => setTimeout(resolve, milliseconds));
const closed = (what: Writable): Promise<unknown> => new Promise(resolve => what.once('close', resolve));

/** Bytes that have moved at an upstream, or in the upload towards one. */
let moved = 0;

/** Writes a piece every now and then, for as long as it can. */
function endless(to: Writable, piece: string): void {
  to.on('error', () => {});
  const more = (): void => {
    if (to.destroyed) return;
    to.write(piece, error => {
      if (error) return;
      moved += piece.length;
      setTimeout(more, 250);
    });
  };
  more();
}

test('a kill with a thousand streams open: a second after its acknowledgement nothing moves at any upstream', async () => {
  const endlessStreams: ServerHttp2Stream[] = [];
  /** Connections of HTTP/1.1 at the upstreams, pooled ones too. */
  const connections = new Map<string, Socket>();
  let authority: ReturnType<typeof openAuthority>;
  const live = createServer({ SNICallback: (name, done) => done(null, authority.contextFor(name)) });
  new WebSocketServer({ server: live }).on('connection', (webSocket, { socket }) => {
    connections.set('webSocket', socket);
    webSocket.on('error', () => {});
    const more = (): void =>
      webSocket.send('hello', error => {
        if (error) return;
        moved += 5;
        setTimeout(more, 250);
      });
    more();
  });
  live.listen(0, '127.0.0.1');
  await once(live, 'listening');
  const { port } = live.address() as AddressInfo;
  const stand = await openStand(
    stream => {
      endlessStreams.push(stream);
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      endless(stream, 'data: 1\n\n');
    },
    {
      config: `    "live.test:443": "127.0.0.1:${port}"\n`,
      intercept(request, response) {
        const { url = '', socket } = request;
        connections.set(url, socket);
        if (url.startsWith('/pooled')) return false;
        request.on('error', () => {});
        request.on('data', (chunk: Buffer) => {
          moved += chunk.length;
        });
        if (url === '/events') {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          endless(response, 'data: 1\n\n');
        }
        return true;
      },
    },
  );
  const { world, agent } = stand;
  try {
    authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
    const whole: string[] = [];
    const clients: Writable[] = [];
    for (let n = 0; n < sessions; n++) {
      const session = await openSession(agent);
      for (let m = 0; m < streams; m++) {
        const stream = session.request({ ':path': `/endless/${n}/${m}` });
        stream.on('error', () => {});
        stream.resume().once('end', () => stream.rstCode === 0 && whole.push(`${n}/${m}`));
        clients.push(stream);
      }
    }
    const plain = async (text: string, host = 'upstream.test'): Promise<Socket> => {
      const socket = await openTls(agent, { connect: `${host}:443` });
      socket.write(text.replace('\r\n', `\r\nHost: ${host}\r\n`));
      return socket;
    };
    const upload = await plain('PUT /upload HTTP/1.1\r\nContent-Length: 99000000\r\n\r\n');
    // More than is read before it is judged.
    upload.write(Buffer.alloc(2 << 20));
    endless(upload, 'more');
    const upgrade =
      'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    clients.push(upload, await plain('GET /events HTTP/1.1\r\n\r\n'), await plain(upgrade, 'live.test'));
    for (const client of clients.slice(-2)) (client as Socket).resume();
    // Connections that are left in the pool: those of the others are busy.
    const pooled = await Promise.all([1, 2, 3].map(n => plain(`GET /pooled/${n} HTTP/1.1\r\n\r\n`)));
    await Promise.all(pooled.map(readAnswer));
    await until(() => endlessStreams.length === sessions * streams && connections.size === 6);

    const over = Promise.all(clients.map(closed));
    const killed = JSON.parse(await world.ok(['kill', 'agent', '--json'])) as { stopped: { exchanges: number } };
    await pause(1_000);
    const then = moved;
    assert.equal(killed.stopped.exchanges, sessions * streams + 3);
    assert.equal(endlessStreams.filter(({ destroyed }) => !destroyed).length, 0);
    assert.deepEqual(
      [...connections].filter(([, { destroyed }]) => !destroyed).map(([name]) => name),
      [],
    );
    assert.equal(stand.sessions.size, 0);
    await pause(500);
    assert.equal(moved, then);
    await over;
    assert.deepEqual(whole, []);
    assert.equal((await ask(await openSession(agent), { ':path': '/late' })).headers[':status'], 403);
    const ends = (await entries(world)).filter(({ type, error }) => type === 'action.completed' && error === 'killed');
    assert.equal(ends.length, sessions * streams + 3);
  } finally {
    await stand.close();
    live.closeAllConnections();
    live.close();
  }
});
