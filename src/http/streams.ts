/**
 * Streams: HTTP/2 from clients (RFC 9113). Each stream is an exchange of its own and goes the same line as any other. What is
 * malformed ends its stream; a peer that goes on with it, or that opens streams to reset them, ends its session.
 */
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { Refusal } from '../errors.js';
import type { Run } from '../identity/runs.js';
import { maxFields } from './decode.js';
import type { Exchange } from './exchange.js';
import { endsWhole } from './h2.js';
import { maxHeadSize, streamHead } from './pseudo.js';
import { streamExchange } from './stream-exchange.js';
import { proxyAuthorization, type Tunnel } from './tunnel.js';

/** Where streams go. */
export interface StreamsOptions {
  /** How long a session without a stream may last, in milliseconds. */
  readonly keepAlive: number;
  /** Most streams at once in one session. */
  readonly streams: number;
  take(exchange: Exchange, stream: ServerHttp2Stream): void;
  /** Answers what never became a request. */
  refuse(exchange: Exchange, refusal: Refusal, run: Run | null): Promise<void>;
}

/** Bytes that a stream may send before they are read. */
const window = 65_535;

/** A session that was ended for a fault has so many milliseconds to say so. */
const linger = 1_000;

/** So many streams may be reset before their answer, and so many more each second; then the session ends. */
const resets = { burst: 100, perSecond: 10 };

const settings = (streams: number) => ({
  // nghttp2 holds these: streams above the limit are refused, floods of SETTINGS, PING and CONTINUATION end the session.
  maxSessionMemory: 10,
  maxHeaderListPairs: maxFields + 20,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  maxSettings: 32,
  settings: {
    maxConcurrentStreams: streams,
    maxHeaderListSize: maxHeadSize,
    initialWindowSize: window,
    enablePush: false,
  },
});

/** Serves a connection whose ALPN is `h2`. The session that comes of it ends by `close()` once its streams have ended. */
export function serveStreams(secure: TLSSocket, tunnel: Tunnel, options: StreamsOptions): ServerHttp2Session {
  const session = performServerHandshake(secure, settings(options.streams));
  // A stream that waits for its decision must not hold up the others: there is room for what each may send.
  session.setLocalWindowSize(options.streams * window);
  const end = (close: () => void): void => {
    close();
    // Whoever reads nothing would never hear of it, and hold the connection.
    setTimeout(() => tunnel.client.destroy(), linger).unref();
  };
  session.on('error', () => end(() => session.destroy()));
  const mayReset = allowance();
  let open = 0;
  const idle = setTimeout(() => {
    if (open === 0) end(() => session.close());
  }, options.keepAlive);
  session.once('close', () => clearTimeout(idle));
  session.on('stream', (stream: ServerHttp2Stream, _headers: unknown, flags: number, raw: string[]) => {
    stream.on('error', () => {}); // whoever reads or writes sees it close
    open += 1;
    stream.once('close', () => {
      open -= 1;
      if (open === 0) idle.refresh();
      if (!stream.headersSent && !mayReset())
        end(() => session.destroy(new Error('Too many streams were reset.'), constants.NGHTTP2_ENHANCE_YOUR_CALM));
    });
    // Reset before anybody looked: it never was a request.
    if (stream.destroyed || stream.closed) return;
    endsWhole(stream);
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const peer = tunnel.client.remoteAddress ?? '';
    try {
      const head = streamHead(raw, ended, { tunnel: tunnel.authority, sni: tunnel.sni });
      const origin = { head, credentials: proxyAuthorization(raw), run: tunnel.run };
      options.take(streamExchange(stream, origin, peer), stream);
    } catch (error) {
      void options.refuse(streamExchange(stream, unread, peer), asRefusal(error), tunnel.run);
    }
  });
  return session;
}

const asRefusal = (error: unknown): Refusal =>
  error instanceof Refusal
    ? error
    : new Refusal('proxy_error', 'Tollfence failed while it read this request.', { cause: error });

const unread = {
  head: { method: '', target: '', rawHeaders: [], tunnel: null, sni: null },
  credentials: null,
  run: null,
} as const;

/** Counts streams that came to nothing (CVE-2023-44487); false once there were too many. */
function allowance(): () => boolean {
  let left = resets.burst;
  let last = performance.now();
  return () => {
    const now = performance.now();
    left = Math.min(resets.burst, left + ((now - last) / 1000) * resets.perSecond) - 1;
    last = now;
    return left >= 0;
  };
}
