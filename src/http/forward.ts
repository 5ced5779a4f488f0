/**
 * Forward: sends a permitted request and carries the answer back as it comes, with back-pressure both ways. A permit
 * opens the door; what was judged is what is printed; whatever is doubtful destroys the upstream connection.
 */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { placeholderMarker } from '../credentials/index.js';
import { Refusal } from '../errors.js';
import type { Outcome, Outgoing } from '../gateway.js';
import type { Authority, ResponseFacts } from '../model.js';
import { type Permit, spend } from '../permit.js';
import { undoable } from './coding.js';
import { tooLate, upstreamRefusal } from './dial.js';
import type { Exchange } from './exchange.js';
import type { Flight } from './flights.js';
import { isGrpc } from './grpc.js';
import type { Carrier } from './response.js';
import { carrierOf, type Rewrite } from './rewrite.js';
import type { StreamController } from './sessions.js';
import { spent } from './spent.js';
import type { Stalls } from './stall.js';
import { printAuthority, printTarget } from './target.js';
import type { Upstream } from './upstream.js';
import { WatchedReply, type Watcher } from './watch.js';

/** What whoever sends a request needs besides its arguments. */
export interface ForwardOptions {
  readonly upstream: Upstream;
  readonly now: () => number;
}

/** What whoever carries an answer to the client needs as well. */
export interface CarryOptions extends ForwardOptions {
  /** Asks whether an answer in which secrets can't be looked for may pass. Rejects with `Refusal` if not. */
  judge(facts: ResponseFacts): Promise<void>;
  /** Bodies that stand still on their way are given up by these. */
  readonly stalls: Stalls;
  /** Sees what goes to the client. */
  readonly watcher?: Watcher | null;
  /** Gives another version of the answer's messages. */
  readonly rewrite?: Rewrite | null;
  /** Milliseconds until the head of an answer must be there, whatever else has come before. */
  readonly headTime: number;
}

const ranges = new Set(['range', 'if-range', 'request-range']);
const readable = new Set([...undoable, 'identity']);

/** The head that is sent: Host first, then the canonical fields, names and values in turn. */
export function printFields(
  { request, payload, needles, credential, hidden = false }: Outgoing,
  from?: Pick<Exchange, 'head'>,
): string[] {
  const flat = ['host', printAuthority(request)];
  for (const [name, value] of request.fields) {
    // A secret that comes back in ranges is in none of them; whoever is asked for a part may always send the whole.
    if (credential !== '' && !hidden && ranges.has(name.toLowerCase())) continue;
    // Only codings that can be undone may come back where a secret may be.
    if (needles.length > 0 && name.length === 15 && name.toLowerCase() === 'accept-encoding') {
      const codings = value.split(',').filter(coding => readable.has(coding.split(';', 1)[0]!.trim().toLowerCase()));
      flat.push(name, codings.join(',').trim() || 'identity');
    } else if (needles.length === 0 || name.toLowerCase() !== 'grpc-accept-encoding') flat.push(name, value);
  }
  if (payload instanceof Readable && from !== undefined) {
    const { rawHeaders } = from.head;
    const at = rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length');
    if (at >= 0) flat.push('content-length', rawHeaders[at + 1]!);
  }
  return flat;
}

/** Checks the permit against what is about to be sent. */
export function admit(permit: Permit, { request, hash }: Outgoing, now: number): void {
  const allowed = spend(permit, 'upstream', hash, now);
  if (allowed.host !== request.host || allowed.port !== request.port || allowed.scheme !== request.scheme) {
    throw new Refusal('denied', 'The permit was rejected: it is for another authority.', { rule: 'permit' });
  }
}

/**
 * Sends `outgoing` under its permit and streams the answer to the client. Resolves with the outcome once the answer has
 * ended or broken off; rejects with `Refusal` while no byte of an answer has gone to the client.
 */
export function forward(
  permit: Permit,
  outgoing: Outgoing,
  exchange: Exchange,
  flight: Flight,
  options: CarryOptions,
): Promise<Outcome> {
  admit(permit, outgoing, options.now());
  const { request, payload } = outgoing;
  const reply = options.watcher ? new WatchedReply(exchange.reply!, options.watcher) : exchange.reply!;
  const headers = printFields(outgoing, exchange);
  const grpc = exchange.http2 && isGrpc(request.method, headers);
  if (grpc) headers.push('te', 'trailers');
  const speaks = !exchange.http2 ? 'http/1.1' : grpc ? 'only h2' : 'h2';
  const pool = options.upstream.pool(permit.allowed.gateway, request, outgoing.credential, speaks);
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null;
    let carrier: Carrier | null = null;
    let done = false;
    let late: NodeJS.Timeout | undefined;
    let sent = Buffer.isBuffer(payload) ? payload.length : 0;

    const finish = (fault: Refusal | null): void => {
      if (done) return;
      done = true;
      clearTimeout(late);
      // A kill destroys both sides at once; whichever is heard of first, that was why.
      const error = fault !== null && flight.stopped ? killed() : fault;
      reply.offClose(leave);
      flight.onStop = null;
      reading.end();
      sending.end();
      if (error !== null) carrier?.abandon();
      if (error !== null && carrier?.begun() !== true) return reject(error);
      if (error !== null) exchange.destroy();
      resolve({
        status: carrier?.status ?? null,
        error: error?.code ?? null,
        bytesSent: sent,
        bytesReceived: carrier?.received() ?? 0,
        responseSha256: carrier?.digest() ?? null,
        scrubbed: carrier?.scrubbed() ?? 0,
      });
    };
    const leave = (): void => {
      if (done || reply.finished) return;
      const why = flight.stopped
        ? killed()
        : new Refusal('upstream_reset', 'The client closed the connection before the answer was complete.');
      controller?.abort(why);
      finish(why);
    };
    const giveUp = (why: Refusal): void => {
      controller?.abort(why);
      finish(why);
    };
    const stalled = (what: string) => (): void => giveUp(new Refusal('upstream_reset', `${what} for too long.`));
    const reading = options.stalls.watch(stalled('The client took nothing of the answer'));
    const sending = options.stalls.watch(stalled('Nothing of the body was moved'));
    reply.onClose(leave);
    // An answer whose turn on its connection never came isn't told that the connection has closed.
    flight.onStop = leave;
    if (flight.gone) return leave();
    if (payload instanceof Readable) {
      const watch = markerWatch();
      // Heard before undici hears it: what is refused here has not been sent.
      payload.on('data', (chunk: Buffer) => {
        sent += chunk.length;
        if (!grpc) sending.begin();
        spent(chunk.length);
        if (!watch(chunk)) return;
        giveUp(
          new Refusal(
            'denied',
            'A placeholder for a credential stands in the body, where it would be sent to the upstream.',
            { rule: 'placeholder' },
          ),
        );
      });
      payload.once('end', () => sending.end());
      payload.pause();
      // Both sides of a call may be silent for as long as they like (gRPC); nothing else is.
      if (!grpc) sending.begin();
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        // It may have had to wait for its connection for longer than anybody has waited for it.
        if (done || flight.stopped) started.abort(new Error('The request is over.'));
      },
      onResponseStart(started, status, _headers, message) {
        if (status < 200) {
          // undici begins to wait anew with each of these.
          late ??= setTimeout(() => giveUp(tooLate(request)), options.headTime);
          return;
        }
        clearTimeout(late);
        if (!plainlyFramed((started.rawHeaders ?? []) as Buffer[])) return giveUp(oddlyFramed(request));
        carrier = carrierOf(options.rewrite ?? null, {
          status,
          message: message ?? '',
          rawHeaders: (started.rawHeaders ?? []) as Buffer[],
          method: request.method,
          needles: outgoing.needles,
          evidence: permit.allowed.evidence,
          reply,
          ended: (started as StreamController).ended === true,
          pause() {
            reading.begin();
            started.pause();
          },
          resume() {
            reading.end();
            started.resume();
          },
          judge: options.judge,
          fail: refusal => {
            started.abort(refusal);
            finish(refusal);
          },
        });
      },
      onResponseData(_, chunk) {
        carrier?.data(chunk);
      },
      onResponseEnd(ended) {
        reading.begin();
        carrier?.end(() => finish(null), (ended.rawTrailers ?? []) as Buffer[]);
      },
      onResponseError(_, error) {
        // undici takes the Content-Length of a 304, which is that of the body not sent (RFC 9110 §15.4.5), for that of one.
        const withoutBody = carrier?.status === 304 && carrier.received() === 0;
        if (withoutBody && (error as { code?: string }).code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
          carrier!.end(() => finish(null));
          return;
        }
        finish(upstreamRefusal(error, request));
      },
    };
    try {
      pool.dispatch(
        {
          path: printTarget(request.path, request.query),
          method: request.method,
          headers,
          body: payload,
        },
        handler,
      );
    } catch (error) {
      finish(upstreamRefusal(error, request));
    }
  });
}

const oddlyFramed = ({ host, port }: Authority): Refusal =>
  new Refusal(
    'upstream_protocol',
    `${host}:${port} sent an answer with a Transfer-Encoding other than "chunked", which nobody asked for, so its body can't be read.`,
  );

/** Whether a body is framed as `chunked` at most: under another transfer coding nobody would look for secrets. */
function plainlyFramed(rawHeaders: readonly Buffer[]): boolean {
  let codings = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length !== 17 || rawHeaders[i]!.toString('latin1').toLowerCase() !== 'transfer-encoding')
      continue;
    codings += 1;
    if (rawHeaders[i + 1]!.toString('latin1').trim().toLowerCase() !== 'chunked') return false;
  }
  return codings <= 1;
}

const killed = (): Refusal => new Refusal('killed', 'The kill switch stopped this request while it was on its way.');

/** Looks for the marker of placeholders in the part of a body that was too long to be judged before. */
function markerWatch(): (chunk: Buffer) => boolean {
  const marker = Buffer.from(placeholderMarker);
  let end: Buffer = Buffer.alloc(0);
  return chunk => {
    const seam = Buffer.concat([end, chunk.subarray(0, marker.length - 1)]);
    end = Buffer.concat([end, chunk.subarray(-(marker.length - 1))]).subarray(-(marker.length - 1));
    return seam.includes(marker) || chunk.includes(marker);
  };
}

/** SHA-256 over the canonical request: what a permit and an approval are bound to. */
export function requestHash(request: Outgoing['request']): string {
  const line = `${request.method} ${request.scheme}://${printAuthority(request)}${printTarget(request.path, request.query)}\n`;
  return hash('sha256', line + JSON.stringify([request.fields, request.body, request.upgrade]), 'hex');
}
