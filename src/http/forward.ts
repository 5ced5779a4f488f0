/**
 * Forward: sends a permitted request and carries the answer back as it comes, with back-pressure both ways. A permit
 * opens the door; what was judged is what is printed; whatever is doubtful destroys the upstream connection.
 */
import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { placeholderMarker } from '../credentials/index.js';
import { Refusal } from '../errors.js';
import type { Outcome, Outgoing } from '../gateway.js';
import { type Permit, spend } from '../permit.js';
import { upstreamRefusal } from './dial.js';
import type { Exchange } from './exchange.js';
import type { Flight } from './flights.js';
import { type Carrier, responseCarrier } from './response.js';
import { spent } from './spent.js';
import { printAuthority, printTarget } from './target.js';
import type { Upstream } from './upstream.js';

/** What {@link forward} needs besides its arguments. */
export interface ForwardOptions {
  readonly upstream: Upstream;
  readonly now: () => number;
}

const ranges = new Set(['range', 'if-range', 'request-range']);

/** The head as undici takes it: Host first, then the canonical fields, names and values in turn. */
export function printFields({ request, payload, needles }: Outgoing): string[] {
  const flat = ['host', printAuthority(request)];
  for (const [name, value] of request.fields) {
    // A secret that comes back in ranges is in none of them; whoever is asked for a part may always send the whole.
    if (needles.length > 0 && ranges.has(name.toLowerCase())) continue;
    // Only codings that can be undone again may come back on a request that carries a secret.
    if (needles.length > 0 && name.length === 15 && name.toLowerCase() === 'accept-encoding') {
      const codings = value.split(',').filter(coding => /^\s*(gzip|deflate|br|identity|x-gzip)\s*(;|$)/i.test(coding));
      if (codings.length > 0) flat.push(name, codings.join(',').trim());
    } else flat.push(name, value);
  }
  if (payload instanceof Readable && 'headers' in payload) {
    const length = (payload as { headers: Record<string, string | undefined> }).headers['content-length'];
    if (length !== undefined) flat.push('content-length', length);
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
  options: ForwardOptions,
): Promise<Outcome> {
  admit(permit, outgoing, options.now());
  const { request, payload } = outgoing;
  const response = exchange.response as ServerResponse;
  const pool = options.upstream.pool(permit.allowed.gateway, request, outgoing.credential);
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null;
    let carrier: Carrier | null = null;
    let done = false;
    let gone = false;
    let sent = Buffer.isBuffer(payload) ? payload.length : 0;

    const finish = (fault: Refusal | null): void => {
      if (done) return;
      done = true;
      // A kill destroys both sides at once; whichever is heard of first, that was why.
      const error = fault !== null && flight.stopped ? killed() : fault;
      response.off('close', leave);
      flight.onStop = null;
      if (error !== null && carrier === null) return reject(error);
      if (error !== null) exchange.destroy();
      resolve({
        status: carrier?.status ?? null,
        error: error?.code ?? null,
        bytesSent: sent,
        bytesReceived: carrier?.received ?? 0,
        responseSha256: carrier?.digest() ?? null,
        scrubbed: carrier?.scrubbed ?? 0,
      });
    };
    const leave = (): void => {
      if (done || response.writableFinished) return;
      gone = true;
      const why = flight.stopped
        ? killed()
        : new Refusal('upstream_reset', 'The client closed the connection before the answer was complete.');
      controller?.abort(why);
      finish(why);
    };
    response.once('close', leave);
    // An answer whose turn on its connection never came isn't told that the connection has closed.
    flight.onStop = leave;
    if (flight.gone) return leave();
    if (payload instanceof Readable) {
      const watch = markerWatch();
      // Heard before undici hears it: what is refused here has not been sent.
      payload.on('data', (chunk: Buffer) => {
        sent += chunk.length;
        spent(chunk.length);
        if (!watch(chunk)) return;
        const found = new Refusal(
          'denied',
          'A placeholder for a credential stands in the body, where it would be sent to the upstream.',
          { rule: 'placeholder' },
        );
        controller?.abort(found);
        finish(found);
      });
      payload.pause();
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (gone || flight.stopped) started.abort(new Error('The client has gone.'));
      },
      onResponseStart(started, status, _headers, message) {
        if (status < 200) return;
        carrier = responseCarrier({
          status,
          message: message ?? '',
          rawHeaders: (started.rawHeaders ?? []) as Buffer[],
          method: request.method,
          needles: outgoing.needles,
          evidence: permit.allowed.evidence,
          response,
          pause: () => started.pause(),
          resume: () => started.resume(),
          fail: refusal => {
            started.abort(refusal);
            finish(refusal);
          },
        });
      },
      onResponseData(_, chunk) {
        carrier?.data(chunk);
      },
      onResponseEnd() {
        carrier?.end(() => finish(null));
      },
      onResponseError(_, error) {
        // undici takes the Content-Length of a 304, which is that of the body not sent (RFC 9110 §15.4.5), for that of one.
        const withoutBody = carrier?.status === 304 && carrier.received === 0;
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
          headers: printFields(outgoing),
          body: payload,
        },
        handler,
      );
    } catch (error) {
      finish(upstreamRefusal(error, request));
    }
  });
}

const killed = (): Refusal => new Refusal('killed', 'The kill switch stopped this request while it was on its way.');

/** Looks for the marker of placeholders in the part of a body that was too long to be judged before. */
function markerWatch(): (chunk: Buffer) => boolean {
  const marker = Buffer.from(placeholderMarker);
  let end: Buffer = Buffer.alloc(0);
  return chunk => {
    const seam = Buffer.concat([end, chunk.subarray(0, marker.length - 1)]);
    end = Buffer.from(chunk.subarray(-(marker.length - 1)));
    return seam.includes(marker) || chunk.includes(marker);
  };
}

/** SHA-256 over the canonical request: what a permit and an approval are bound to. */
export function requestHash(request: Outgoing['request']): string {
  const line = `${request.method} ${request.scheme}://${printAuthority(request)}${printTarget(request.path, request.query)}\n`;
  return hash('sha256', line + JSON.stringify([request.fields, request.body, request.upgrade]), 'hex');
}
