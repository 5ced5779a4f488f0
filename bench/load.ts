/**
 * The load: connections that each send one request after another, over sockets and not over an HTTP client, so that the
 * load costs little beside what it measures. Connects and warms up, says so, and counts once it is told to.
 */
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

/** What to send, where. */
export interface Load {
  /** Where to connect: a proxy, or the upstream itself. */
  readonly port: number;
  /** For a proxy: the target of CONNECT, and its Proxy-Authorization or null. */
  readonly tunnel: { readonly target: string; readonly authorization: string | null } | null;
  readonly servername: string;
  /** PEM file of the root that the other end's certificate is under. */
  readonly ca: string;
  readonly connections: number;
  /** One request as it goes over the wire. */
  readonly request: string;
  readonly warmUp: number;
  readonly count: number;
  /** A new connection for each request, or also a host of its own, numbered from here on; otherwise they are kept. */
  readonly fresh?: 'connection' | { readonly hostsFrom: number };
}

/** A host that nobody has asked for before. */
export const freshHost = (n: number): string => `h${n}.bench.test`;

/** How it went. Times in milliseconds. */
export interface Result {
  readonly perSecond: number;
  readonly median: number;
  readonly p99: number;
}

async function tunnel({ port, tunnel }: Load): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
  if (tunnel === null) return socket;
  const authorization = tunnel.authorization === null ? '' : `Proxy-Authorization: ${tunnel.authorization}\r\n`;
  socket.write(`CONNECT ${tunnel.target} HTTP/1.1\r\nHost: ${tunnel.target}\r\n${authorization}\r\n`);
  const head = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The proxy closed the connection.')));
  });
  if (!/^HTTP\/1\.[01] 200/.test(head.toString('latin1'))) throw new Error(`The proxy answered: ${head}`);
  return socket;
}

const contexts = new Map<string, SecureContext>();
function trusting(ca: string): SecureContext {
  const context = contexts.get(ca) ?? createSecureContext({ ca: readFileSync(ca, 'utf8') });
  contexts.set(ca, context);
  return context;
}

/** Opens a verified TLS connection to what the load says, through its tunnel if there is one. */
export async function open(load: Load): Promise<TLSSocket> {
  const socket = await tunnel(load);
  const secure = connectTls({ socket, servername: load.servername, secureContext: trusting(load.ca) });
  await new Promise<void>((resolve, reject) => secure.once('secureConnect', () => resolve()).once('error', reject));
  return secure;
}

/** Sends one request and resolves when the answer (with Content-Length) is complete. Only for answers of status 200. */
export function exchange(socket: TLSSocket, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let kept = '';
    let missing = -1;
    const take = (chunk: Buffer): void => {
      if (missing >= 0) missing -= chunk.length;
      else {
        kept += chunk.toString('latin1');
        const end = kept.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = /\r\ncontent-length: *(\d+)/i.exec(kept);
        if (!kept.startsWith('HTTP/1.1 200') || length === null)
          return reject(new Error(`Not the answer that was expected: ${kept}`));
        missing = Number(length[1]) - (kept.length - end - 4);
      }
      if (missing > 0) return;
      socket.off('data', take).off('close', lost);
      resolve();
    };
    const lost = (): void => reject(new Error('The connection closed before the answer was complete.'));
    socket.on('data', take).once('close', lost);
    socket.write(request);
  });
}

/** Sends `count` requests over the connections; the duration of each. */
async function send(sockets: readonly TLSSocket[], request: string, count: number): Promise<number[]> {
  const durations: number[] = [];
  let begun = 0;
  await Promise.all(
    sockets.map(async socket => {
      while (begun < count) {
        begun++;
        const start = performance.now();
        await exchange(socket, request);
        durations.push(performance.now() - start);
      }
    }),
  );
  return durations;
}

/** The same load for a host of its own. */
function forHost(load: Load, host: string): Load {
  const port = load.tunnel === null ? '' : load.tunnel.target.slice(load.tunnel.target.lastIndexOf(':'));
  return {
    ...load,
    servername: host,
    tunnel: load.tunnel && { ...load.tunnel, target: `${host}${port}` },
    request: load.request.replace(/\r\nHost: [^\r]*/, `\r\nHost: ${host}${port.replace(/^:443$/, '')}`),
  };
}

/** Sends `count` requests, each over a connection of its own, as many at once as there are to be connections. */
async function sendFresh(load: Load, from: number, count: number): Promise<number[]> {
  const durations: number[] = [];
  let begun = 0;
  await Promise.all(
    Array.from({ length: load.connections }, async () => {
      while (begun < count) {
        const own = load.fresh === 'connection' ? load : forHost(load, freshHost(from + begun));
        begun++;
        const start = performance.now();
        const socket = await open(own);
        await exchange(socket, own.request);
        durations.push(performance.now() - start);
        socket.on('error', () => {}).destroy();
      }
    }),
  );
  return durations;
}

/** Makes what sends so many requests, the next ones at each call. */
async function sender(load: Load): Promise<(count: number) => Promise<number[]>> {
  if (load.fresh !== undefined) {
    let next = load.fresh === 'connection' ? 0 : load.fresh.hostsFrom;
    return count => {
      next += count;
      return sendFresh(load, next - count, count);
    };
  }
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(load)));
  for (const socket of sockets) socket.setMaxListeners(0);
  return count => send(sockets, load.request, count);
}

async function main(load: Load): Promise<void> {
  const sends = await sender(load);
  await sends(load.warmUp);
  process.once('message', async () => {
    const start = performance.now();
    const durations = (await sends(load.count)).sort((a, b) => a - b);
    const seconds = (performance.now() - start) / 1000;
    const at = (share: number): number => durations[Math.floor(share * (durations.length - 1))]!;
    process.send!({ perSecond: durations.length / seconds, median: at(0.5), p99: at(0.99) } satisfies Result, () =>
      process.exit(),
    );
  });
  process.send!('ready');
}

if (process.argv[1]?.endsWith('load.js')) await main(JSON.parse(process.argv[2]!) as Load);
