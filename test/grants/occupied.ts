/** Occupied: all that can be under way under a token, at an upstream that ends none of it. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Agent, openTls, openTunnel } from '../http/agent.js';

export const there = { connect: 'upstream.test:443' };

/** An upstream that never ends what it began: streams, and WebSockets. */
export function endless() {
  const open: (ServerResponse | Socket)[] = [];
  return {
    open,
    intercept(request: IncomingMessage, response: ServerResponse): boolean {
      const key = request.headers['sec-websocket-key'];
      if (key === undefined && request.url !== '/events') return false;
      if (key === undefined) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 1\n\n');
        open.push(response);
        return true;
      }
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      request.socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
      open.push(request.socket);
      return true;
    },
  };
}

/** A request for a stream. */
export const stream = 'GET /events HTTP/1.1\r\nHost: upstream.test\r\n\r\n';
const webSocket = (): string =>
  [
    ...['GET /socket HTTP/1.1', 'Host: upstream.test', 'Upgrade: websocket', 'Connection: Upgrade'],
    ...['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, '', ''],
  ].join('\r\n');

/** Opens a stream, a WebSocket and an idle tunnel under a token. */
export async function occupy(holder: Agent): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (const request of [stream, webSocket()]) {
    const socket = await openTls(holder, there);
    socket.write(request);
    await once(socket, 'data');
    sockets.push(socket);
  }
  return [...sockets, (await openTunnel(holder, there)) as Socket];
}

/** Resolves when each of them has closed. */
export const all = (sockets: readonly (Socket | ServerResponse)[]): Promise<unknown> =>
  Promise.all(sockets.map(socket => once(socket, 'close')));

/** What whoever shows an ended token is told. */
export async function refusal(holder: Agent): Promise<{ status: number; detail: string }> {
  const answer = await openTunnel(holder, there);
  assert.ok('status' in answer);
  return { status: answer.status, detail: (JSON.parse(answer.body) as { detail: string }).detail };
}
