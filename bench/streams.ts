/**
 * Streams: bulk both ways, and an event stream, over one connection. A process of its own, like the load. Says what it
 * measured: seconds, or the delay of each event from the upstream's write to here, in microseconds.
 */
import type { TLSSocket } from 'node:tls';
import { type Load, open } from './load.js';

/** What to do with the connection. */
export interface Streaming extends Pick<Load, 'port' | 'tunnel' | 'servername' | 'ca'> {
  readonly kind: 'download' | 'upload' | 'events';
  /** Bytes, or events. */
  readonly amount: number;
}

const head = (method: string, path: string, more = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ${target}\r\n${more}\r\n`;

/** Bytes until the end of the answer, head included. */
async function drain(socket: TLSSocket, bytes: number): Promise<void> {
  let seen = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    if (seen === 0 && !chunk.toString('latin1', 0, 12).endsWith('200'))
      throw new Error(`Not the answer that was expected: ${chunk.toString('latin1', 0, 500)}`);
    seen += chunk.length;
    if (seen > bytes) return;
  }
  throw new Error(`The connection closed after ${seen} bytes.`);
}

async function upload(socket: TLSSocket, bytes: number): Promise<void> {
  socket.write(head('PUT', '/bulk', `Content-Length: ${bytes}\r\n`));
  const block = Buffer.alloc(64 << 10, 'tollfence ');
  const answered = drain(socket, 0);
  for (let left = bytes; left > 0; left -= block.length) {
    if (!socket.write(block.subarray(0, Math.min(left, block.length))))
      await new Promise(resolve => socket.once('drain', resolve));
  }
  await answered;
}

async function events(socket: TLSSocket, count: number): Promise<number[]> {
  socket.write(head('GET', `/events?count=${count}`));
  const delays: number[] = [];
  let kept = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    const now = process.hrtime.bigint();
    kept += chunk.toString('latin1');
    for (let found = /data: (\d+)\n\n/.exec(kept); found !== null; found = /data: (\d+)\n\n/.exec(kept)) {
      delays.push(Number(now - BigInt(found[1]!)) / 1000);
      kept = kept.slice(found.index + found[0].length);
    }
    if (delays.length >= count) break;
  }
  return delays;
}

const job = JSON.parse(process.argv[2]!) as Streaming;
const target = job.tunnel === null ? job.servername : job.tunnel.target.replace(/:443$/, '');
const socket = await open({ ...job, connections: 1, request: '', warmUp: 0, count: 0 });
const start = performance.now();
let delays: number[] = [];
if (job.kind === 'download') {
  socket.write(head('GET', `/bulk?bytes=${job.amount}`));
  await drain(socket, job.amount);
} else if (job.kind === 'upload') await upload(socket, job.amount);
else delays = await events(socket, job.amount);
process.send!({ seconds: (performance.now() - start) / 1000, delays }, () => process.exit());
