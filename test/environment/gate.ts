/** A forward proxy for tests: opens every tunnel with the right token, terminates TLS, and answers by itself. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { CertificateAuthority } from '../../src/tls/authority.js';

export interface Seen {
  /** How it came: in a tunnel (and which), or in absolute form. */
  readonly through: string;
  readonly method: string;
  readonly target: string;
  readonly authorized: boolean;
}

export interface Gate {
  readonly port: number;
  readonly seen: Seen[];
  close(): void;
}

export async function openGate(authority: CertificateAuthority, credentials: string): Promise<Gate> {
  const expected = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const tunnels = new WeakMap<object, string>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const through = tunnels.get(request.socket) ?? 'absolute';
    const authorized = through !== 'absolute' || request.headers['proxy-authorization'] === expected;
    seen.push({ through, method: request.method!, target: request.url!, authorized });
    request.resume();
    if (!authorized) response.writeHead(407, { 'proxy-authenticate': 'Basic realm="tollfence"' }).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"gate":"tollfence"}');
  };
  const inner = createServer(answer);
  const outer = createServer(answer);
  outer.on('connection', socket => sockets.add(socket).size && socket.on('error', () => {}));
  outer.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const authorized = request.headers['proxy-authorization'] === expected;
    if (!authorized) {
      seen.push({ through: 'refused', method: 'CONNECT', target: request.url!, authorized });
      socket.end(
        'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="tollfence"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      return;
    }
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    const begin = (first: Buffer): void => {
      socket.pause();
      socket.unshift(first);
      const host = request.url!.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
      if (first[0] !== 0x16) {
        tunnels.set(socket, `plain ${request.url}`);
        inner.emit('connection', socket);
        socket.resume();
        return;
      }
      const secure = new TLSSocket(socket, { isServer: true, secureContext: authority.contextFor(host) });
      secure.on('error', () => {});
      tunnels.set(secure, `tls ${request.url}`);
      inner.emit('connection', secure);
    };
    socket.once('data', begin);
  });
  outer.listen(0, '127.0.0.1');
  await once(outer, 'listening');
  return {
    port: (outer.address() as AddressInfo).port,
    seen,
    close: () => {
      outer.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
