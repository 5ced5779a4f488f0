/**
 * Listener: one port that speaks absolute-form HTTP, CONNECT (whose TLS is terminated with a leaf for the authority of the
 * CONNECT) and TLS directly. Sockets are at this rim; behind it there are only exchanges.
 */
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { Refusal } from '../errors.js';
import type { Run } from '../identity/runs.js';
import { baseOrigin, isBaseUrl } from './base-url.js';
import { breakOff } from './body.js';
import { type Exchange, type Origin, plainExchange, refusalExchange, upgradeExchange } from './exchange.js';
import type { Flight } from './flights.js';
import { firstByte, tlsHandshake } from './peek.js';
import { serveStreams } from './streams.js';
import { canonicalHost } from './target.js';
import { terminateNamed } from './terminate.js';
import { proxyAuthorization, type Tunnel, type TunnelLimits, type TunnelOptions, tunneller } from './tunnel.js';

/** What a client may send before it is a request, and how long it may take; milliseconds and bytes. */
export interface ListenerLimits extends TunnelLimits {
  readonly headSize: number;
  readonly headTime: number;
  /** How long a connection may be idle between two requests. */
  readonly keepAlive: number;
  /** How many streams a session of HTTP/2 may have. */
  readonly streams: number;
}

/** What the listener hands over to. */
export interface ListenerOptions extends TunnelOptions {
  readonly limits: ListenerLimits;
  /** Host names of this proxy, for clients that address it directly. */
  readonly names: ReadonlySet<string>;
  /** The run whose token this is, if it is alive. */
  runOf(token: string): Run | undefined;
  /** Carries one request; never rejects. */
  serve(exchange: Exchange, flight: Flight): Promise<void>;
}

/** The server of clients. */
export interface Listener extends TcpServer {
  /** Takes no new connections, and ends each that there is after the request that it carries. */
  drain(): void;
}

/** Makes the server; it isn't listening yet. */
export function createListener(options: ListenerOptions): Listener {
  const tunnels = new WeakMap<Duplex, Tunnel>();
  /** Exchanges that are open on a connection. */
  const open = new Map<Duplex, Exchange[]>();
  /** Connections on which the parser has given up: they end with the exchanges that were read before. */
  const doomed = new WeakSet<Duplex>();
  const sessions = new Set<ServerHttp2Session>();
  let draining = false;

  const { limits, connections } = options;
  const http = createServer({
    maxHeaderSize: limits.headSize,
    requireHostHeader: false,
    keepAliveTimeout: limits.keepAlive,
    headersTimeout: limits.headTime,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(5_000, limits.headTime),
    noDelay: true,
  });
  http.maxHeadersCount = 0; // dropped silently by Node; ours are counted and refused
  http.timeout = 0;
  // It never listens itself, and Node watches over slow heads only from then on.
  http.emit('listening');

  const origin = (request: IncomingMessage): Origin => {
    const tunnel = tunnels.get(request.socket);
    const head = {
      method: request.method ?? '',
      target: request.url ?? '',
      rawHeaders: request.rawHeaders,
      tunnel: tunnel?.authority ?? null,
      sni: tunnel?.sni ?? null,
    };
    if (tunnel === undefined && isBaseUrl(head.target))
      return baseOrigin(head, request.socket.localAddress ?? '', options.runOf, options.names);
    return {
      head,
      credentials: proxyAuthorization(request.rawHeaders),
      run: tunnel?.run ?? null,
    };
  };
  const take = (exchange: Exchange, connection: Duplex): void => {
    const client = tunnels.get(connection)?.client ?? (connection as Socket);
    const flight = options.flights.begin(
      'exchange',
      () => exchange.destroy(),
      gateway => connections.claim(client, gateway),
      client,
    );
    const leave = (): void => flight.leave();
    let others = open.get(connection);
    if (others === undefined) {
      others = [];
      open.set(connection, others);
      connection.once('close', () => open.delete(connection));
    }
    const among = others;
    among.push(exchange);
    if (draining) exchange.last?.();
    connection.once('close', leave);
    void options.serve(exchange, flight).finally(() => {
      connection.off('close', leave);
      options.flights.end(flight);
      among.splice(among.indexOf(exchange), 1);
      if (among.length === 0 && doomed.has(connection)) connection.end(() => connection.destroy());
    });
  };
  const plain = (expects: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    request.on('error', () => {}); // a client that breaks off is seen by whoever reads
    take(plainExchange(request, response, origin(request), expects), request.socket);
  };
  http.on('request', plain(false));
  http.on('checkContinue', plain(true));
  http.on('checkExpectation', plain(false));
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (asksForWebSocket(request)) return take(upgradeExchange(request, socket, rest, origin(request)), socket);
    // Offers of anything else (Java's clients offer h2c) are ignored, as RFC 9110 §7.8 allows: Node has let go of it, though.
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end(() => socket.destroy()));
    take(plainExchange(request, response, origin(request), false), socket);
  });
  http.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const before = open.get(socket);
    if (before !== undefined && before.length > 0) {
      // What was read before is judged and answered; a body that has become unreadable ends there, and so does its way upstream.
      doomed.add(socket);
      for (const { source } of before) if (!(source as IncomingMessage).complete) breakOff(source, error);
      return;
    }
    const refusal = new Refusal('malformed_request', parserSentence(error.code ?? ''));
    void options.refuse(refusalExchange(socket), refusal, tunnels.get(socket)?.run ?? null);
  });

  /** Serves the HTTP of a connection whose authority is known. */
  const carry = (connection: Socket, tunnel: Tunnel): void => {
    tunnels.set(connection, tunnel);
    if ((connection as TLSSocket).alpnProtocol !== 'h2') return void http.emit('connection', connection);
    const session = serveStreams(connection as TLSSocket, tunnel, {
      keepAlive: limits.keepAlive,
      streams: limits.streams,
      take(exchange, stream) {
        tunnels.set(stream, tunnel);
        take(exchange, stream);
      },
      refuse: options.refuse,
    });
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    if (draining) session.close();
  };
  const tunnel = tunneller(options, carry, take);
  http.on('connect', (request: IncomingMessage, socket: Duplex, rest: Buffer) =>
    tunnel(request, socket, rest, tunnels.get(socket)),
  );

  const server = createTcpServer({ noDelay: true }, socket => {
    socket.on('error', () => socket.destroy());
    if (!connections.enter(socket)) return;
    firstByte(socket, limits.firstByte, byte => {
      if (byte !== tlsHandshake) return void http.emit('connection', socket);
      terminateNamed(socket, options.contextFor, limits.handshake, (secure, sni) => {
        const authority = { scheme: 'https', host: canonicalHost(sni), port: 443 } as const;
        carry(secure, { authority, sni, client: socket, run: null });
      });
    });
  });
  const drain = (): void => {
    draining = true;
    if (server.listening) server.close();
    for (const exchanges of open.values()) for (const exchange of exchanges) exchange.last?.();
    http.closeIdleConnections();
    // GOAWAY: the streams that there are go on, later ones are the next proxy's (RFC 9113 §6.8).
    for (const session of sessions) session.close();
  };
  return Object.assign(server, { drain });
}

const values = (raw: readonly string[], name: string): string[] =>
  raw.filter((_, i) => i % 2 === 1 && raw[i - 1]!.toLowerCase() === name);

const asksForWebSocket = ({ rawHeaders }: IncomingMessage): boolean =>
  values(rawHeaders, 'upgrade').some(value => value.toLowerCase() === 'websocket');

/** What the parser of Node found wrong, for a person. */
function parserSentence(code: string): string {
  if (code === 'HPE_HEADER_OVERFLOW') return 'The head of the request is too large.';
  if (code === 'HPE_PAUSED_H2_UPGRADE') return 'HTTP/2 is spoken here within TLS alone, where ALPN has chosen it.';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'The head of the request took too long to arrive.';
  return `The request is not valid HTTP/1.1 (${code.replace(/^HPE_/, '').toLowerCase().replaceAll('_', ' ') || 'unreadable'}).`;
}
