/**
 * Pass-through: tunnels to hosts whose clients pin certificates, and accept none of ours. They are judged and recorded as one
 * action, and then carried without being read; only the server name in the clear must be the one that was judged.
 */
import type { Socket } from 'node:net';
import { Refusal } from '../errors.js';
import type { Decoded, Outcome, Outgoing } from '../gateway.js';
import type { Run } from '../identity/runs.js';
import type { Authority, CanonicalRequest } from '../model.js';
import type { Permit } from '../permit.js';
import { attend } from './attend.js';
import { maxHello, serverName } from './client-hello.js';
import { upstreamRefusal } from './dial.js';
import { type Exchange, refusalExchange } from './exchange.js';
import type { Flight } from './flights.js';
import { admit, type CarryOptions, requestHash } from './forward.js';
import { watchPipe } from './stall.js';

/** A tunnel that isn't read, as part of its exchange. */
export interface OpaqueTunnel {
  readonly authority: Authority;
  readonly socket: Socket;
  /** What came behind the head of the CONNECT. */
  readonly rest: Buffer;
  /** Milliseconds that the client has for its ClientHello. */
  readonly patience: number;
  /** Tells the client that the tunnel stands; from then on it can't be answered any more. */
  establish(): void;
}

/** Milliseconds of silence after which TCP asks whether the other side is still there. */
const keepAlive = 60_000;

/** Whether a host is on a list of names, of which one with `*.` in front stands for all below it. */
export function hostList(patterns: readonly string[]): (host: string) => boolean {
  const listed = new Set(patterns);
  return host => {
    if (listed.size === 0) return false;
    if (listed.has(host)) return true;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1))
      if (listed.has(`*${host.slice(dot)}`)) return true;
    return false;
  };
}

/** The exchange of a CONNECT to a host that isn't read. */
export function tunnelExchange(
  socket: Socket,
  rest: Buffer,
  authority: Authority,
  run: Run,
  patience: number,
): Exchange {
  const bare = refusalExchange(socket);
  let established = false;
  const release = attend(socket);
  return {
    ...bare,
    run,
    answer: (answer, close) => (established ? void socket.destroy() : bare.answer(answer, close)),
    tunnel: {
      authority,
      socket,
      rest,
      patience,
      establish() {
        established = true;
        release();
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      },
    },
  };
}

/** The canonical form of such a CONNECT: nothing but where to. */
export function decodeTunnel({ authority }: Pick<OpaqueTunnel, 'authority'>): Decoded {
  const request: CanonicalRequest = Object.freeze({
    ...authority,
    method: 'CONNECT',
    path: '/',
    query: '',
    fields: [],
    body: Object.freeze({ state: 'opaque', bytes: 0 } as const),
    content: null,
    upgrade: null,
  });
  return { request, hash: requestHash(request), payload: null, release: () => {} };
}

/**
 * Carries a permitted tunnel until one side closes. Rejects with `Refusal` while nothing has gone upstream:
 * `authority_mismatch` when the client asks for another server than the tunnel's, `malformed_request` when it asks for none
 * or doesn't speak TLS.
 */
export async function carryTunnel(
  permit: Permit,
  outgoing: Outgoing,
  exchange: Exchange,
  flight: Flight,
  options: Pick<CarryOptions, 'now' | 'stalls' | 'upstream'>,
): Promise<Outcome> {
  admit(permit, outgoing, options.now());
  const tunnel = exchange.tunnel!;
  const { authority, socket } = tunnel;
  const upstream = await options.upstream
    .dial({ ...authority, scheme: 'http' }, [], permit.allowed.gateway)
    .catch((error: unknown) => {
      throw upstreamRefusal(error, authority);
    });
  // From here on an end of one side is the end of the other, at once for a kill.
  let failure: string | null = null;
  upstream.on('error', error => {
    failure ??= upstreamRefusal(error, authority).code;
  });
  socket.once('close', () => upstream.destroySoon());
  const stop = (): Refusal | null => {
    if (!flight.stopped && !socket.destroyed) return null;
    upstream.destroy();
    return flight.stopped
      ? new Refusal('killed', 'The kill switch stopped this tunnel before it was open.')
      : new Refusal('upstream_reset', 'The client closed the connection before the tunnel was open.');
  };
  const early = stop();
  if (early !== null) throw early;
  tunnel.establish();
  const hello = await readHello(tunnel).catch((error: unknown) => {
    const late = stop();
    upstream.destroy();
    throw late ?? error;
  });
  const late = stop();
  if (late !== null) throw late;
  if (upstream.destroyed) throw upstreamRefusal(null, authority);

  return new Promise(resolve => {
    let sent = hello.length;
    let received = 0;
    const closed = (): void => {
      if (!socket.destroyed || !upstream.destroyed) return;
      resolve({
        status: 200,
        error: flight.stopped ? 'killed' : failure,
        bytesSent: sent,
        bytesReceived: received,
        responseSha256: null,
        scrubbed: 0,
      });
    };
    flight.onStop = () => {
      if (flight.stopped) upstream.destroy();
    };
    socket.once('close', closed);
    upstream.once('close', closed).once('close', () => socket.destroySoon());
    for (const side of [socket, upstream]) side.setKeepAlive(true, keepAlive);
    socket.on('data', (chunk: Buffer) => {
      sent += chunk.length;
    });
    upstream.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    upstream.write(hello);
    socket.pipe(upstream).pipe(socket);
    const stalled = (): void => {
      failure ??= 'upstream_reset';
      // At once: what one of them doesn't take would be waited for.
      upstream.destroy();
      socket.destroy();
    };
    watchPipe(socket, upstream, options.stalls.watch(stalled));
    watchPipe(upstream, socket, options.stalls.watch(stalled));
  });
}

/** The client's first bytes, once they hold a whole ClientHello for the tunnel's host. */
function readHello({ socket, rest, authority, patience }: OpaqueTunnel): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = rest;
    const end = (): void => {
      clearTimeout(timer);
      socket.off('readable', read).off('close', closed);
    };
    const fail = (error: unknown): void => {
      end();
      reject(error);
    };
    const closed = (): void => fail(new Refusal('upstream_reset', 'The client closed the tunnel.'));
    const timer = setTimeout(
      () => fail(new Refusal('malformed_request', 'The client did not begin TLS in time.')),
      patience,
    );
    const read = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
        bytes = Buffer.concat([bytes, chunk]);
      try {
        const name = serverName(bytes);
        if (name === undefined && bytes.length > maxHello)
          throw new Refusal('malformed_request', 'The TLS handshake is too long.');
        if (name === undefined) return;
        // Without a name the server would choose whom to be, and nobody here could tell whom.
        if (name === null) throw new Refusal('malformed_request', 'The TLS handshake names no server.');
        if (name !== authority.host)
          throw new Refusal(
            'authority_mismatch',
            `The tunnel is to ${authority.host}:${authority.port}, but the TLS server name says ${name}.`,
          );
        end();
        resolve(bytes);
      } catch (error) {
        fail(error);
      }
    };
    socket.on('readable', read).once('close', closed);
    read();
  });
}
