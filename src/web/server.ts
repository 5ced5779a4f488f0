/**
 * Web: the one listener for people. It serves one-time links, and takes what Slack sends, and nothing else. GET and HEAD show and never decide, so that link
 * previews, mail scanners and prefetching browsers change nothing; only the form's POST does.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Links } from '../approvers/index.js';
import { Fault } from '../errors.js';
import type { Notify } from '../notify/index.js';
import { Guesses } from './guesses.js';
import { pageFields } from './html.js';
import { isOwnForm, type Place, placeOf } from './origins.js';
import { answeredPage, askingPage, overPage } from './pages.js';
import { serveSlack, slackPath } from './slack.js';

/** The listener, and where people reach it. */
export interface Web {
  readonly place: Place;
  close(): void;
}

interface Options {
  readonly links: Pick<Links, 'look' | 'answer'>;
  readonly now: () => number;
  /** Host, without brackets, and port. */
  readonly listen: { readonly host: string; readonly port: number };
  /** What people reach it by, if that is another address. */
  readonly url?: string;
  /** Takes what Slack sends, if it may. */
  readonly slack?: Notify['slackInteraction'];
}

/** Bytes of a head and of a form; a reason of 500 characters has up to 6,000 once it is encoded. */
const sizes = { head: 16_384, form: 8_192 } as const;
/** Milliseconds that a request may take to come, and that a connection may be idle. */
const times = { request: 10_000, idle: 5_000 } as const;
const connections = 256;

const tokenOf = (path: string): string | null => /^\/a\/([A-Za-z0-9_-]{43})$/.exec(path)?.[1] ?? null;

type Answer = readonly [status: number, page: string, fields?: Readonly<Record<string, string>>];
const nothing: Answer = [404, overPage('Not found', 'There is nothing here.', 'Ask for a new link.')];

async function formOf(request: IncomingMessage): Promise<URLSearchParams | null> {
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(request.headers['content-type'] ?? '')) return null;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > sizes.form) return null;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** Listens. Rejects as `listen` does. */
export async function serveWeb({ links, now, listen, url, slack }: Options): Promise<Web> {
  const guesses = new Guesses(now);

  function missed(request: IncomingMessage): Answer {
    const wait = guesses.miss(request.socket.remoteAddress ?? '');
    if (wait === 0) return nothing;
    return [429, nothing[1], { 'retry-after': String(Math.ceil(wait / 1_000)) }];
  }

  async function decided(request: IncomingMessage, token: string, place: Place): Promise<Answer> {
    if (!isOwnForm(request.headers, place))
      return [
        403,
        overPage('Not answered', 'The form came from another page.', 'Open the link itself, and answer there.'),
      ];
    const form = await formOf(request);
    const verdict = form?.get('verdict');
    const reason = form?.get('reason') ?? '';
    if ((verdict !== 'granted' && verdict !== 'refused') || reason.length > 500)
      return [
        400,
        overPage('Not answered', 'The form says neither yes nor no.', 'Open the link, and use one of its buttons.'),
      ];
    const approver = links.look(token)?.approver ?? '';
    try {
      return [200, answeredPage(await links.answer(token, verdict, reason), approver)];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return [409, overPage('Not answered', error.message, error.hint)];
    }
  }

  async function answerTo(request: IncomingMessage, place: Place): Promise<Answer> {
    const { method = '', headers } = request;
    // A name that is made to point here must not open a page of ours to the one that it came from.
    if (!place.hosts.has((headers.host ?? '').toLowerCase())) return [421, nothing[1]];
    const token = tokenOf(request.url ?? '');
    const found = token === null ? undefined : links.look(token);
    if (token === null || found === undefined) return missed(request);
    if (method === 'POST') return decided(request, token, place);
    if (method !== 'GET' && method !== 'HEAD') return [405, nothing[1], { allow: 'GET, HEAD, POST' }];
    return found.approval === null
      ? [410, overPage('Over', found.over, 'If it still waits, ask for a new link.')]
      : [200, askingPage(found.approval, found.approver, found.expires_at)];
  }

  const server: Server = createServer(
    { maxHeaderSize: sizes.head, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      if (slack !== undefined && request.url === slackPath)
        return void serveSlack(request, response, slack).catch(() => response.destroy());
      answerTo(request, place).then(
        answer => send(request, response, answer),
        () => send(request, response, [500, overPage('Not answered', 'The proxy failed.', 'Try it again.')]),
      );
    },
  );
  server.headersTimeout = times.request;
  server.requestTimeout = times.request;
  server.keepAliveTimeout = times.idle;
  server.maxConnections = connections;
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => {}); // a connection that can't be accepted is lost; those that are there go on
  server.unref();
  const place = placeOf(listen.host, server.address() as AddressInfo, url);
  return {
    place,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function send(request: IncomingMessage, response: ServerResponse, [status, page, fields = {}]: Answer): void {
  // What wasn't read of a request isn't waited for.
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, { ...pageFields, ...fields, 'content-length': Buffer.byteLength(page) });
  response.end(request.method === 'HEAD' ? undefined : page);
}
