/** Stream exchange: one request over a stream of HTTP/2, and its reply. */
import { constants, type ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import type { Exchange, Origin } from './exchange.js';
import { resetStream, toHeaders } from './h2.js';
import type { Reply } from './reply.js';

/** Sends something that Node may find fault with; the stream is reset then. */
function attempt(stream: ServerHttp2Stream, send: () => void): void {
  try {
    send();
  } catch {
    resetStream(stream);
  }
}

/** Sends the head. Nothing is added to it: `sendDate` is of `Http2ServerResponse`, and the types don't know that streams have it too. */
function respond(
  stream: ServerHttp2Stream,
  status: number,
  fields: readonly string[],
  endStream: boolean,
  trailers: () => readonly string[],
): void {
  // Also where there are no trailers: left to itself, Node may reset a stream whose request it hasn't read, and lose its end.
  const options = { endStream, waitForTrailers: !endStream, sendDate: false };
  attempt(stream, () => stream.respond({ ':status': status, ...toHeaders(fields) }, options));
  stream.once('wantTrailers', () => attempt(stream, () => stream.sendTrailers(toHeaders(trailers()))));
}

/** A client that has its whole answer may go on sending for so many milliseconds, and is read no more. */
const linger = 1_000;

/** The answer is complete: what is still on its way to us is not wanted any more (RFC 9113 §8.1). */
function conclude(stream: ServerHttp2Stream): void {
  if (stream.readableEnded || stream.destroyed) return;
  const reset = (): void => {
    if (stream.destroyed) return;
    // A reset overtakes what was not sent yet, and the answer would be without its end.
    if (stream.state.localClose === 1) stream.close(constants.NGHTTP2_NO_ERROR);
    else setTimeout(reset, linger).unref();
  };
  setTimeout(reset, linger).unref();
}

/** The reply of an exchange over HTTP/2. */
class StreamReply implements Reply {
  readonly #stream: ServerHttp2Stream;
  #trailers: readonly string[] = [];

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get finished(): boolean {
    return this.#stream.writableFinished;
  }

  begin(status: number, _reason: string, fields: readonly string[], bodyless: boolean): void {
    const stream = this.#stream;
    if (stream.closed || stream.destroyed) return;
    respond(stream, status, fields, bodyless, () => this.#trailers);
  }

  write(chunk: Buffer): boolean {
    return this.#stream.write(chunk);
  }

  onDrain(then: () => void): void {
    this.#stream.once('drain', then);
  }

  end(trailers: readonly string[], done: () => void): void {
    this.#trailers = trailers;
    const stream = this.#stream;
    const over = (): void => {
      done();
      conclude(stream);
    };
    // A head that was everything has ended the stream already.
    if (stream.writableFinished) over();
    else stream.end(over);
  }

  onClose(then: () => void): void {
    this.#stream.once('close', then);
  }

  offClose(then: () => void): void {
    this.#stream.off('close', then);
  }
}

/** The body of a request, apart from the way back: undici destroys a body once it is sent. */
class StreamBody extends Readable {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    super();
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause();
    });
    stream.pause();
    stream.once('end', () => this.push(null));
    stream.once('close', () => this.destroy());
  }

  override _read(): void {
    this.#stream.resume();
  }
}

/** An exchange over a stream of HTTP/2. */
export function streamExchange(stream: ServerHttp2Stream, origin: Origin, peer: string): Exchange {
  const { rawHeaders } = origin.head;
  let waiting = rawHeaders.some((name, i) => i % 2 === 0 && name === 'expect');
  return {
    head: origin.head,
    credentials: origin.credentials,
    run: origin.run,
    peer,
    source: origin.head.bodied === true ? new StreamBody(stream) : stream,
    reply: new StreamReply(stream),
    upgrade: null,
    http2: true,
    proceed() {
      if (waiting && !stream.closed && !stream.headersSent) stream.additionalHeaders({ ':status': 100 });
      waiting = false;
    },
    answer({ status, fields, body }) {
      if (stream.closed || stream.destroyed) return;
      if (stream.headersSent) return resetStream(stream);
      const empty = body.length === 0 || origin.head.method === 'HEAD';
      respond(stream, status, fields.flat(), empty, () => []);
      if (!empty) stream.end(body);
      if (stream.writableFinished) conclude(stream);
      else stream.once('finish', () => conclude(stream));
    },
    destroy: () => resetStream(stream),
  };
}
