/** Stand: upstreams that speak HTTP/2, alone or besides HTTP/1.1, and clients of HTTP/2 through the proxy. */
import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { openAuthority } from '../../src/tls/authority.js';
import { type Agent, openTls, openTunnel, startAgent, type TunnelOptions } from '../http/agent.js';
import { openWorld, type World, type WorldOptions } from '../world.js';

/** One stream as the upstream got it. */
export interface Stream {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly raw: readonly string[];
}

/** A world whose `two.test` speaks both, `only.test` only HTTP/2, and `upstream.test` only HTTP/1.1. */
export interface Stand {
  readonly world: World;
  readonly agent: Agent;
  /** Every stream that reached an upstream. */
  readonly streams: Stream[];
  /** Sessions that are open at the upstreams. */
  readonly sessions: Set<ServerHttp2Session>;
  /** Requests of HTTP/1.1 that reached `two.test`. */
  readonly plain: string[];
  close(): Promise<void>;
}

type Serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

/** Answers with what it got, once the body is whole. */
export const echo: Serve = (stream, headers) => {
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  stream.once('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    stream.end(JSON.stringify({ headers, length }));
  });
};

/** Opens it, with a waiting run under the gateway `agent`. */
export async function openStand(serve: Serve = echo, options: WorldOptions = {}): Promise<Stand> {
  const streams: Stream[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const plain: string[] = [];
  const servers: Server[] = [];
  let authority: ReturnType<typeof openAuthority>;
  const open = async (allowHTTP1: boolean): Promise<number> => {
    // Not `allowHTTP1`: with it Node answers streams by its older interface besides.
    const two = createHttp2Server({ maxSessionMemory: 100 });
    two.on('session', session => {
      sessions.add(session);
      session.on('error', () => {});
      session.once('close', () => sessions.delete(session));
    });
    two.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, raw: string[]) => {
      stream.on('error', () => {});
      streams.push({ stream, headers, raw });
      serve(stream, headers, flags);
    });
    const one = createHttpServer((request, response) => {
      plain.push(request.url ?? '');
      request.resume();
      response.end('one');
    });
    const server = createTlsServer(
      {
        ALPNProtocols: allowHTTP1 ? ['h2', 'http/1.1'] : ['h2'],
        SNICallback: (name, done) => done(null, authority.contextFor(name)),
      },
      socket => (socket.alpnProtocol === 'h2' ? two : one).emit('connection', socket),
    );
    servers.push(server);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const [two, only] = [await open(true), await open(false)];
  const world = await openWorld({
    hosts: ['upstream.test', 'api.github.com'],
    ...options,
    config: `    "two.test:443": "127.0.0.1:${two}"\n    "only.test:443": "127.0.0.1:${only}"\n    "localhost:443": "127.0.0.1:${two}"\n${options.config ?? ''}`,
  });
  authority = openAuthority({ dir: join(world.dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of ['http.*', 'grpc.*'])
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', 'allow']);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.delete', '--effect', 'deny']);
  const agent = await startAgent(world, 'agent');
  return {
    world,
    agent,
    streams,
    sessions,
    plain,
    async close() {
      await agent.end();
      for (const session of sessions) session.destroy();
      for (const server of servers) server.close();
      await world.close();
    },
  };
}

/** A session of HTTP/2 through a tunnel of its own. */
export async function openSession(agent: Agent, options: TunnelOptions = {}): Promise<ClientHttp2Session> {
  const target = options.connect ?? 'two.test:443';
  const socket = await openTls(agent, { ...options, connect: target, alpn: ['h2'] });
  const session = connect(`https://${target.replace(/:443$/, '')}`, { createConnection: () => socket });
  session.on('error', () => {});
  return session;
}

/** What came back on a stream. */
export interface Reply {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
  /** Code of the reset, 0 when there was none. */
  readonly reset: number;
  /** The head was everything. */
  readonly headOnly: boolean;
}

/** Reads a stream until it closes. */
export function replyOf(stream: ClientHttp2Stream): Promise<Reply> {
  return new Promise(resolve => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    let headOnly = false;
    let body = '';
    stream.on('error', () => {});
    stream.once('response', (head, flags) => {
      headers = head;
      headOnly = (flags & 1) !== 0;
    });
    stream.on('trailers', tail => {
      trailers = tail;
    });
    stream.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    stream.once('close', () => resolve({ headers, trailers, body, reset: stream.rstCode, headOnly }));
  });
}

/** Sends one request and reads its whole answer. */
export function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Reply> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return replyOf(stream);
}

/** A port each of whose connections is a tunnel to this authority: for clients that know no proxy. */
export async function tunnelPort(agent: Agent, target: string): Promise<{ port: number; close(): void }> {
  const server = createServer(socket => {
    socket.on('error', () => {});
    void openTunnel(agent, { connect: target }).then(tunnel => {
      if ('status' in tunnel) return void socket.destroy();
      socket.pipe(tunnel).pipe(socket);
      socket.once('close', () => tunnel.destroy());
      tunnel.once('close', () => socket.destroy());
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
