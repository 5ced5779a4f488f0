/** Exchange: one request on the wire and the means to answer it, the same for requests over HTTP/1.1, streams and upgrades. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import type { Run } from '../identity/runs.js';
import { attend } from './attend.js';
import type { RawHead } from './decode.js';
import type { OpaqueTunnel } from './passthrough.js';
import type { Answer } from './problem.js';
import { PlainReply, type Reply } from './reply.js';

/** What the line works on. */
export interface Exchange {
  readonly head: RawHead;
  /** Value of Proxy-Authorization, of the tunnel or of the request itself; null when there is none. */
  readonly credentials: string | null;
  /** The run that opened the tunnel, or null when the request must bring its own credentials. */
  readonly run: Run | null;
  /** Address of the client, for the log. */
  readonly peer: string;
  /** The request's body, unread. */
  readonly source: Readable;
  /** The way back; null for an upgrade. */
  readonly reply: Reply | null;
  /** Came over HTTP/2, and so goes on over HTTP/2 where the upstream has it. */
  readonly http2: boolean;
  /**
   * For an upgrade: the request as Node parsed it, the socket, and the bytes behind the head. Until `release` the socket is read so
   * that its end is seen; whoever is to read from it calls that first.
   */
  readonly upgrade: {
    readonly request: IncomingMessage;
    readonly socket: Duplex;
    readonly rest: Buffer;
    release(): void;
  } | null;
  /** For a CONNECT whose tunnel isn't read: the tunnel. */
  readonly tunnel?: OpaqueTunnel;
  /** Sends `100 Continue` if the client waits for it and has not got it. */
  proceed(): void;
  /** Answers with something of our own; destroys the connection if an answer has begun. `close`: no further request on it. */
  answer(answer: Answer, close: boolean): void;
  /** Tells the client, unless its answer has begun, that no further request is taken on this connection (HTTP/1.1). */
  last?(): void;
  /** Ends both directions at once. */
  destroy(): void;
}

/** What the rim knows of a request before anything is read. */
export type Origin = Pick<Exchange, 'head' | 'credentials' | 'run'>;

/** An exchange over a request and its response. `expects`: the client waits for 100 before it sends the body. */
export function plainExchange(
  request: IncomingMessage,
  response: ServerResponse,
  origin: Origin,
  expects: boolean,
): Exchange {
  let waiting = expects;
  // Node takes it away from a request that is over, and what comes late must still find it.
  const { socket } = request;
  return {
    // Written out: spreading an object of another shape costs more than all the rest of this.
    head: origin.head,
    credentials: origin.credentials,
    run: origin.run,
    peer: socket.remoteAddress ?? '',
    source: request,
    reply: new PlainReply(response),
    http2: false,
    upgrade: null,
    proceed() {
      if (waiting) response.writeContinue();
      waiting = false;
    },
    answer({ status, fields, body }, close) {
      if (response.headersSent || response.destroyed) return void socket.destroy();
      // A body that was never read would be taken for the next request; a client that still waits for 100 sends none.
      const shut = close || !request.complete;
      const flat = [...fields.flat(), ...(shut ? ['Connection', 'close'] : [])];
      // With its own reason phrase: one of the upstream's may have been left behind by an attempt that failed.
      response.writeHead(status, STATUS_CODES[status] ?? '', flat as unknown as string[]);
      response.end(request.method === 'HEAD' ? undefined : body);
      if (shut) response.once('finish', () => linger(request, socket));
    },
    last() {
      response.shouldKeepAlive = false;
    },
    destroy: () => void socket.destroy(),
  };
}

/** Lets a client that is still sending read the answer before the connection goes (RFC 9112 §9.6). */
function linger(request: IncomingMessage, socket: Duplex): void {
  request.resume();
  setTimeout(() => socket.destroy(), 1_000).unref();
}

/** Prints an answer of our own on a bare socket and ends it. */
function printAnswer(socket: Duplex, { status, fields, body }: Answer): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]));
}

/** An exchange over an upgrade. */
export function upgradeExchange(request: IncomingMessage, socket: Duplex, rest: Buffer, origin: Origin): Exchange {
  return {
    ...origin,
    peer: request.socket.remoteAddress ?? '',
    source: request,
    reply: null,
    http2: false,
    upgrade: { request, socket, rest, release: attend(socket) },
    proceed: () => {},
    answer: answer => printAnswer(socket, answer),
    destroy: () => void socket.destroy(),
  };
}

/** An exchange for what never became a request: it can only be answered. */
export function refusalExchange(socket: Duplex): Exchange {
  return {
    head: { method: '', target: '', rawHeaders: [], tunnel: null, sni: null },
    credentials: null,
    run: null,
    peer: (socket as { remoteAddress?: string }).remoteAddress ?? '',
    source: Readable.from([]),
    reply: null,
    http2: false,
    upgrade: null,
    proceed: () => {},
    answer: answer => printAnswer(socket, answer),
    destroy: () => void socket.destroy(),
  };
}
