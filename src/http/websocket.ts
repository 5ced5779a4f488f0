/**
 * WebSocket: an upgrade was judged as a request; here it is carried by http-proxy-3 over a socket that we dialled and
 * verified. The head that goes upstream is the canonical one, not the one that came.
 */
import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createProxyServer } from 'http-proxy-3';
import { Refusal } from '../errors.js';
import type { Outcome, Outgoing } from '../gateway.js';
import type { Permit } from '../permit.js';
import { factsOf } from './content.js';
import { tooLate, upstreamRefusal } from './dial.js';
import type { Exchange } from './exchange.js';
import type { Flight } from './flights.js';
import { admit, type CarryOptions } from './forward.js';
import { maskFrames } from './frames.js';
import { scrubText } from './scrub.js';
import { watchPipe } from './stall.js';
import { printAuthority, printTarget } from './target.js';

/** Hands out the one socket that was dialled for this upgrade. */
class OneSocket extends Agent {
  readonly #socket: Duplex;
  constructor(socket: Duplex) {
    super({ maxSockets: 1 });
    this.#socket = socket;
  }
  override createConnection(): Duplex {
    return this.#socket;
  }
}

/** Without a prototype: `constructor` and `__proto__` are names of fields as any other. */
const emptyHeaders = (): Record<string, string | string[]> => Object.create(null) as Record<string, string | string[]>;

/** The request with the canonical head: http-proxy-3 prints `method`, `url` and `headers`. */
function printInto(message: IncomingMessage, { request }: Outgoing): void {
  const headers = emptyHeaders();
  headers.host = printAuthority(request);
  headers.connection = 'Upgrade';
  headers.upgrade = 'websocket';
  for (const [name, value] of request.fields) {
    const key = name.toLowerCase();
    // Frames must stay readable to be counted and searched; extensions (compression) are not offered upstream.
    if (key === 'sec-websocket-extensions') continue;
    const known = headers[key];
    headers[key] = known === undefined ? value : [known, value].flat();
  }
  Object.defineProperty(message, 'headers', { value: headers, configurable: true });
  message.method = 'GET';
  message.url = printTarget(request.path, request.query);
}

/** Carries a permitted upgrade until one side closes. Rejects with `Refusal` while nothing has gone to the client. */
export async function carryWebSocket(
  permit: Permit,
  outgoing: Outgoing,
  exchange: Exchange,
  flight: Flight,
  options: CarryOptions,
): Promise<Outcome> {
  admit(permit, outgoing, options.now());
  const { request: message, socket, rest } = exchange.upgrade!;
  const { request } = outgoing;
  const upstream = await options.upstream
    .dial(request, ['http/1.1'], permit.allowed.gateway)
    .catch((error: unknown) => {
      throw upstreamRefusal(error, request);
    });
  if (flight.stopped || socket.destroyed) {
    upstream.destroy();
    return {
      status: null,
      error: flight.stopped ? 'killed' : 'upstream_reset',
      bytesSent: 0,
      bytesReceived: 0,
      responseSha256: null,
      scrubbed: 0,
    };
  }
  printInto(message, outgoing);
  const proxy = createProxyServer({ agent: new OneSocket(upstream), prependPath: false });
  return new Promise((resolve, reject) => {
    let status: number | null = null;
    let failure: Refusal | null = null;
    let scrubbed = 0;
    /** The policy lets pass what can't be searched. */
    let unread = false;
    // Without a listener of ours the library throws, past everybody, when the client's connection is reset.
    proxy.on('error', () => socket.destroy());
    let outbound: ClientRequest | null = null;
    proxy.on('proxyReqWs', (started: ClientRequest) => {
      outbound = started;
      started.prependListener('upgrade', (answer: IncomingMessage) => {
        status = 101;
        const headers = emptyHeaders();
        const clean = (text: string): string => {
          const { text: shown, found } = scrubText(text, outgoing.needles);
          scrubbed += found;
          return shown;
        };
        // As they came: Node's own lower-cases the names, in which a secret would not be found any more.
        for (let i = 0; i < answer.rawHeaders.length; i += 2) {
          const name = clean(answer.rawHeaders[i]!);
          if (/^(tf-|proxy-|alt-svc$)/i.test(name)) continue;
          headers[name] = [headers[name] ?? [], clean(answer.rawHeaders[i + 1]!)].flat();
        }
        headers['tf-decision'] = 'allow';
        headers['tf-evidence-id'] = permit.allowed.evidence;
        Object.defineProperty(answer, 'headers', { value: headers });
      });
    });
    const fail = (error: unknown): void => {
      failure ??= upstreamRefusal(error, request);
      upstream.destroy();
    };
    const late = setTimeout(() => fail(tooLate(request)), options.headTime);
    // A socket that dies on one side takes the other with it: also when the kill switch destroys the client's.
    socket.once('close', () => upstream.destroy());
    upstream.once('close', () => {
      clearTimeout(late);
      if (status === null && !flight.stopped && !socket.destroyed)
        return reject(failure ?? upstreamRefusal(null, request));
      socket.destroy();
      const sent = 'bytesWritten' in upstream ? upstream.bytesWritten : 0;
      const error = flight.stopped ? 'killed' : (failure?.code ?? (status === null ? 'upstream_reset' : null));
      resolve({
        status,
        error,
        bytesSent: sent,
        bytesReceived: 'bytesRead' in upstream ? upstream.bytesRead : 0,
        responseSha256: null,
        scrubbed,
      });
    });
    proxy.on('open', (opened: Duplex) => {
      // The upstream's end comes while what it sent is still on its way to a slow client: only behind that is it over.
      opened.allowHalfOpen = true;
      socket.once('finish', () => {
        socket.unpipe(opened).resume();
        opened.end();
      });
      const stalled = (who: string) => () =>
        fail(new Refusal('upstream_reset', `${who} took nothing of what was there for too long.`));
      watchPipe(socket, opened, options.stalls.watch(stalled('The upstream')));
      const reading = options.stalls.watch(stalled('The client'));
      if (outgoing.needles.length === 0 || unread) return watchPipe(opened, socket, reading);
      const masking = maskFrames(outgoing.needles, count => {
        scrubbed += count;
      });
      masking.on('error', fail);
      opened.unpipe(socket);
      opened.pipe(masking).pipe(socket);
      watchPipe(masking, socket, reading);
    });
    // `http`, because the socket that it gets has TLS around it already.
    exchange.upgrade!.release();
    proxy.ws(message, socket, rest, { target: `http://${printAuthority(request)}` }, fail);
    // The library would pass on an answer that is no upgrade as it came, with a secret that it may echo; and hang up on an error.
    const pending = outbound as ClientRequest | null;
    // Nor does it look at what the upstream has switched to.
    const switched = pending?.listeners('upgrade') ?? [];
    pending?.removeAllListeners('upgrade').on('upgrade', (answer: IncomingMessage, ...rest: unknown[]) => {
      clearTimeout(late);
      if (answer.headers.upgrade?.toLowerCase() !== 'websocket')
        return fail(new Refusal('upstream_protocol', `${request.host} switched to another protocol than websocket.`));
      const take = (): void => {
        for (const listener of switched) listener.call(pending, answer, ...rest);
      };
      const coding = answer.headers['sec-websocket-extensions'];
      if (coding === undefined || outgoing.needles.length === 0) return take();
      options.judge(factsOf(101, '', scrubText(coding, outgoing.needles).text)).then(() => {
        unread = true;
        if (!upstream.destroyed && !socket.destroyed) take();
      }, fail);
    });
    pending?.removeAllListeners('error').on('error', fail);
    pending?.removeAllListeners('response').on('response', (answer: IncomingMessage) => {
      fail(
        new Refusal(
          'upstream_protocol',
          `${request.host} answered the upgrade with ${answer.statusCode} and did not switch protocols.`,
        ),
      );
    });
  });
}
