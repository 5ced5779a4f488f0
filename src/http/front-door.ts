/**
 * Front door: how the proxy itself sends a request that it has kept: as any agent would, to its own port and with a token,
 * so that every step of the line acts on it.
 */
import { once } from 'node:events';
import { request as begin, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as secure } from 'node:tls';
import { Refusal } from '../errors.js';
import type { CanonicalRequest } from '../model.js';
import { maxFields } from './decode.js';
import { printAuthority, printTarget } from './target.js';

/** Where it is, and how it is entered. */
export interface FrontDoor {
  readonly host: string;
  readonly port: number;
  /** Of the run in which it is sent. */
  readonly token: string;
  /** PEM of the authority that signs what the proxy shows to agents. */
  readonly ca: string;
}

/** What was answered: by the upstream, or (`code`) by ourselves instead. The upstream's body is read and forgotten. */
export interface DoorAnswer {
  readonly status: number;
  /** Code of our refusal, or null. */
  readonly code: string | null;
  /** The refusal's sentence. */
  readonly detail: string;
  readonly retryable: boolean;
}

/** So many fields may the head of a request have that is sent through it: Host, framing and our own come besides. */
export const mostFields = maxFields - 4;

/** Of an answer of our own this much is read. */
const longest = 64 << 10;
/** An answer that goes on for longer is left, in milliseconds. */
const patience = 600_000;

/** Whoever waits hears of an error by itself; one that comes after the answer must not end the proxy. */
const ignored = (): void => {};

/** Sends it; rejects when the connection is lost before it is known what was answered. */
export async function sendThrough(
  door: FrontDoor,
  request: Omit<CanonicalRequest, 'content'>,
  body: Buffer | null,
): Promise<DoorAnswer> {
  const authorization = `Bearer ${door.token}`;
  const client = connect({ host: door.host, port: door.port });
  client.on('error', ignored);
  try {
    await once(client, 'connect');
    const host = printAuthority(request);
    const headers = ['Host', host, ...request.fields.flat(), 'Connection', 'close'];
    // A body of no bytes is another request than none.
    if (body?.length === 0) headers.push('Transfer-Encoding', 'chunked');
    else headers.push('Content-Length', String(body?.length ?? 0));
    const target = printTarget(request.path, request.query);
    if (request.scheme === 'http')
      return await exchange(client, request.method, `http://${host}${target}`, body, [
        ...headers,
        'Proxy-Authorization',
        authorization,
      ]);
    const tunnel = await openTunnel(client, request, authorization);
    if ('status' in tunnel) return tunnel;
    const inner = secure({
      socket: tunnel,
      ca: door.ca,
      host: request.host,
      ...(/^[\d.]+$|:/.test(request.host) ? {} : { servername: request.host }),
    });
    inner.on('error', ignored);
    await once(inner, 'secureConnect');
    return await exchange(inner, request.method, target, body, headers);
  } finally {
    client.destroy();
  }
}

/** CONNECT; the tunnel, or what was answered instead of one. */
async function openTunnel(
  client: Socket,
  { host, port }: Pick<CanonicalRequest, 'host' | 'port'>,
  authorization: string,
): Promise<Socket | DoorAnswer> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const asking = begin({
    createConnection: () => client,
    method: 'CONNECT',
    path: authority,
    headers: { Host: authority, 'Proxy-Authorization': authorization },
  });
  asking.on('error', ignored);
  asking.end();
  const [answer] = (await Promise.race([once(asking, 'connect'), once(asking, 'response')])) as [IncomingMessage];
  return answer.statusCode === 200 ? client : read(answer);
}

async function exchange(
  connection: Duplex,
  method: string,
  path: string,
  body: Buffer | null,
  headers: string[],
): Promise<DoorAnswer> {
  const asking = begin({
    createConnection: () => connection,
    method,
    path,
    setHost: false,
    headers: headers as unknown as Record<string, string>,
  });
  asking.on('error', ignored);
  asking.end(body ?? undefined);
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return read(answer);
}

/** Reads an answer to its end. An upstream can't send `Tf-Decision`: the line takes it away. */
async function read(answer: IncomingMessage): Promise<DoorAnswer> {
  const status = answer.statusCode ?? 0;
  const theirs = answer.headers['tf-decision'] === 'allow';
  const late = setTimeout(() => answer.destroy(), patience).unref();
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      if (theirs || length > longest) continue;
      pieces.push(piece);
      length += piece.length;
    }
  } catch (error) {
    // What the upstream said is known by its status; that the rest was lost is in the log.
    if (!theirs) throw error;
  } finally {
    clearTimeout(late);
  }
  if (theirs) return { status, code: null, detail: '', retryable: false };
  return ours(answer, Buffer.concat(pieces).toString());
}

/** What a refusal says. A connector may have given it another shape; the log has it as it is. */
function ours({ statusCode: status = 0, headers }: IncomingMessage, text: string): DoorAnswer {
  const detail = `It was refused: tf audit show ${headers['tf-evidence-id'] ?? ''}`;
  const [, error = 'denied'] = /; error=(\w+)/.exec(String(headers['proxy-status'])) ?? [];
  const plain = { status, code: error, detail, retryable: headers['retry-after'] !== undefined };
  try {
    const { code, detail: said } = JSON.parse(text) as Partial<Record<string, unknown>>;
    return {
      ...plain,
      ...(typeof code === 'string' && { code }),
      ...(typeof said === 'string' && { detail: said }),
    };
  } catch {
    return plain;
  }
}

/** Whoever listens on every address is reached on loopback. */
export const reachable = (address: string): string =>
  address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;

/** The proxy's own address, for clients that send to a base URL. */
export const originOf = (address: string, port: number): string => {
  const host = reachable(address);
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
};

/** Nothing was answered: the proxy is ending, or one of its processes was lost. */
export const unanswered = (error: unknown): DoorAnswer => ({
  status: 0,
  code: error instanceof Refusal ? error.code : 'proxy_error',
  detail: error instanceof Error ? error.message : 'It was not answered.',
  retryable: true,
});
