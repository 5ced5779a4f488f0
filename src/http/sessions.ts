/**
 * Sessions: HTTP/2 to upstreams (RFC 9113), several requests on one connection. Nothing is pushed to us; whatever is
 * doubtful ends the session.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { Refusal } from '../errors.js';
import type { Authority } from '../model.js';
import { tooLate } from './dial.js';
import { endsWhole, resetStream, toHeaders } from './h2.js';

/** Sends one request, and tells of its answer. What undici's pools do for HTTP/1.1. */
export interface Sender {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): unknown;
}

/** What holds the strings of an answer that comes over HTTP/2. */
export interface StreamController extends Dispatcher.DispatchController {
  /** The head was everything: neither body nor trailers follow. */
  ended: boolean;
}

/** Bytes that one answer may send before they are read, and most requests at once in one session. */
const window = 256 << 10;
const concurrency = 100;
/** Largest head of an answer: names, values and 32 bytes for each field. */
const maxHead = 64 << 10;
/** A session without a request is closed after this many milliseconds. */
const idleTime = 30_000;
/** And one whose upstream hasn't begun it after so many. */
const settingsTime = 10_000;

const options = {
  maxSessionMemory: 10,
  maxHeaderListPairs: 256,
  maxSessionInvalidFrames: 100,
  maxSettings: 32,
  settings: { enablePush: false, initialWindowSize: window, maxHeaderListSize: maxHead },
} as const;

/** One connection to an upstream. */
export interface Session extends Sender {
  /** The upstream has said how many requests it takes at once, or the session is over. Before that it might refuse them. */
  readonly ready: Promise<void>;
  /** Requests that are open. */
  readonly open: number;
  /** Takes another request without waiting. */
  readonly free: boolean;
  destroy(): void;
}

/** Begins a session on a connection whose ALPN is `h2`. `gone` hears when it takes no more requests. */
export function openSession(socket: Socket, authority: Authority, headersTimeout: number, gone: () => void): Session {
  const host = authority.host.includes(':') ? `[${authority.host}]` : authority.host;
  const session = connect(`https://${host}:${authority.port}`, { ...options, createConnection: () => socket });
  session.setLocalWindowSize(concurrency * window);
  let open = 0;
  const idle = setTimeout(() => {
    if (open === 0) session.close();
  }, idleTime).unref();
  session.on('error', () => session.destroy());
  session.on('goaway', gone);
  session.once('close', () => {
    clearTimeout(idle);
    gone();
  });
  const ready = new Promise<void>(resolve => {
    const late = setTimeout(() => session.destroy(), settingsTime);
    const over = (): void => {
      clearTimeout(late);
      resolve();
    };
    session.once('remoteSettings', over).once('close', over);
  });
  return {
    ready,
    get open() {
      return open;
    },
    get free() {
      return (
        !session.closed &&
        !session.destroyed &&
        open < Math.min(concurrency, session.remoteSettings?.maxConcurrentStreams ?? concurrency)
      );
    },
    dispatch(request, handler) {
      open += 1;
      send(session, request, handler, authority, headersTimeout, () => {
        open -= 1;
        if (open === 0) idle.refresh();
      });
    },
    destroy: () => session.destroy(),
  };
}

/** Puts one request on a stream of its own. `over` hears once that the stream is gone. */
function send(
  session: ClientHttp2Session,
  { path, method, headers, body }: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
  authority: Authority,
  headersTimeout: number,
  over: () => void,
): void {
  let stream: ClientHttp2Stream | null = null;
  let done = false;
  const controller: StreamController = {
    aborted: false,
    paused: false,
    reason: null,
    ended: false,
    rawHeaders: [],
    rawTrailers: [],
    abort: reason => fail(reason),
    pause: () => void stream?.pause(),
    resume: () => void stream?.resume(),
  };
  function fail(error: Error): void {
    if (done) return;
    done = true;
    if (stream === null) over();
    else resetStream(stream);
    handler.onResponseError?.(controller, error);
  }
  handler.onRequestStart?.(controller, null);
  if (done) return;
  try {
    const [, host, ...fields] = headers as string[];
    const fixed = { ':method': method, ':scheme': 'https', ':authority': host!, ':path': path };
    const length = Buffer.isBuffer(body) ? ['content-length', String(body.length)] : [];
    stream = session.request({ ...fixed, ...toHeaders([...fields, ...length]) }, { endStream: body === null });
  } catch (error) {
    return fail(error as Error);
  }
  const sent = stream;
  const guard = (act: () => void): void => {
    try {
      if (!done) act();
    } catch (error) {
      fail(error as Error);
    }
  };
  let length = Number.NaN;
  endsWhole(sent, () => length);
  const late = setTimeout(() => {
    fail(tooLate(authority));
  }, headersTimeout);
  sent.on('error', fault => fail(refusalFor(fault, authority)));
  sent.once('close', () => {
    clearTimeout(late);
    over();
    fail(refusalFor(null, authority));
  });
  sent.once('response', (head: IncomingHttpHeaders, flags: number, raw: string[]) => {
    clearTimeout(late);
    length = Number(head['content-length']);
    if (done) return;
    guard(() => {
      controller.ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      controller.rawHeaders = bytes(raw, authority);
      handler.onResponseStart?.(controller, Number(head[':status']), {}, '');
    });
    sent.on('data', (chunk: Buffer) => guard(() => handler.onResponseData?.(controller, chunk)));
  });
  sent.on('trailers', (_head: unknown, _flags: number, raw: string[]) => {
    guard(() => {
      controller.rawTrailers = bytes(raw, authority);
    });
  });
  sent.once('end', () => {
    guard(() => handler.onResponseEnd?.(controller, {}));
    done = true;
    // What the upstream didn't want to read any more isn't pressed on it.
    if (!sent.writableFinished) resetStream(sent);
  });
  if (Buffer.isBuffer(body)) sent.end(body);
  else if (body instanceof Readable) {
    body.once('error', fail).once('close', () => {
      if (!body.readableEnded) fail(new Error('The body ended before it was complete.'));
    });
    body.pipe(sent);
  }
}

/** Names and values in turn, without the pseudo-header fields. Throws `Refusal` (`upstream_protocol`) when they are too large. */
function bytes(raw: readonly string[], { host, port }: Authority): Buffer[] {
  if (raw.reduce((size, text) => size + text.length + 16, 0) > maxHead)
    throw new Refusal('upstream_protocol', `${host}:${port} sent an answer whose head is too large.`);
  return raw.filter((_, i) => !raw[i - (i % 2)]!.startsWith(':')).map(text => Buffer.from(text, 'latin1'));
}

/** What went wrong with a stream, as a refusal in the contract's words. */
function refusalFor(error: unknown, { host, port }: Authority): Refusal {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  const reason = /NGHTTP2_[A-Z_]+/.exec(message)?.[0] ?? code;
  const broken = /PROTOCOL_ERROR|FRAME_SIZE|FLOW_CONTROL|COMPRESSION|ENHANCE_YOUR_CALM|ERR_HTTP2_ERROR/.test(reason);
  return broken
    ? new Refusal('upstream_protocol', `${host}:${port} sent an answer that can't be read safely (${reason}).`)
    : new Refusal(
        'upstream_reset',
        `${host}:${port} closed the connection before its answer was complete${reason === '' ? '' : ` (${reason})`}.`,
      );
}
