/**
 * The floor: the least that a forward proxy in Node can do and still open TLS. CONNECT, a leaf made once, node:http, one
 * undici pool. No identity, no policy, no log, no credential, no check: nobody should use it. What Tollfence costs is
 * measured against it.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type Dispatcher, Pool } from 'undici';
import { openAuthority } from '../src/tls/authority.js';

const { ca, upstreamCa, upstreamPort } = JSON.parse(process.argv[2]!) as {
  ca: string;
  upstreamCa: string;
  upstreamPort: number;
};
const authority = openAuthority({ dir: ca, now: Date.now, random: randomBytes });
const pool = new Pool(`https://127.0.0.1:${upstreamPort}`, {
  connections: 128,
  bodyTimeout: 0,
  connect: { ca: readFileSync(upstreamCa, 'utf8'), servername: 'api.github.com' },
});
const perHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'expect',
  'proxy-authorization',
  'proxy-connection',
]);

/** End-to-end fields, names and values in turn. */
function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) if (!perHop.has(raw[i]!.toLowerCase())) kept.push(raw[i]!, raw[i + 1]!);
  return kept;
}

function carry(request: IncomingMessage, response: ServerResponse): void {
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart() {},
    onResponseStart(controller, status) {
      if (status < 200) return;
      const raw = (controller.rawHeaders as Buffer[]).map(text => text.toString('latin1'));
      response.writeHead(status, endToEnd(raw));
      if (raw.includes('text/event-stream')) response.flushHeaders();
    },
    onResponseData(controller, chunk) {
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd() {
      response.end();
    },
    onResponseError() {
      response.destroy();
    },
  };
  const bodied = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  pool.dispatch(
    {
      path: request.url!,
      method: request.method as Dispatcher.HttpMethod,
      headers: endToEnd(request.rawHeaders),
      body: bodied ? request : null,
    },
    handler,
  );
}

const contexts = new Map<string, SecureContext>();
function contextFor(host: string): SecureContext {
  const context = contexts.get(host) ?? authority.contextFor(host);
  contexts.set(host, context);
  return context;
}

const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0, noDelay: true }, carry);
server.on('connect', (request: IncomingMessage, socket: Duplex) => {
  socket.on('error', () => socket.destroy());
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  const secure = new TLSSocket(socket, { isServer: true, secureContext: contextFor(request.url!.split(':')[0]!) });
  secure.on('error', () => secure.destroy());
  server.emit('connection', secure);
});
server.listen(0, '127.0.0.1', () =>
  process.send!({ port: (server.address() as AddressInfo).port, ca: authority.certificatePem }),
);
