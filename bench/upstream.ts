/**
 * The stand-in upstream: small answers, bulk both ways, and an event stream. A process of its own; says its port, and is
 * asked for nothing else.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { openAuthority } from '../src/tls/authority.js';

const { ca } = JSON.parse(process.argv[2]!) as { ca: string };
const authority = openAuthority({ dir: ca, now: Date.now, random: randomBytes });

const small = Buffer.from(
  JSON.stringify({
    id: 1347,
    number: 7,
    state: 'open',
    title: 'Found a bug',
    body: "I'm having a problem with this.",
    labels: ['bug'],
  }),
);
const block = Buffer.alloc(64 << 10, 'tollfence ');

function bulk(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const size = Math.min(left, block.length);
      left -= size;
      if (!response.write(block.subarray(0, size))) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

/** Each event carries the moment at which it was written; the monotonic clock is one for all processes. */
function events(response: ServerResponse, count: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = 0;
  const timer = setInterval(() => {
    response.write(`data: ${process.hrtime.bigint()}\n\n`);
    if (++sent < count) return;
    clearInterval(timer);
    response.end();
  }, 4);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url!, 'https://upstream');
  if (pathname === '/bulk' && request.method === 'GET') return bulk(response, Number(searchParams.get('bytes')));
  if (pathname === '/events') return events(response, Number(searchParams.get('count')));
  request.resume();
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': small.length });
    response.end(small);
  });
}

const server = createServer({ SNICallback: (name, done) => done(null, authority.contextFor(name)) }, answer);
server.keepAliveTimeout = 600_000;
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
