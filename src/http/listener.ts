/**
 * Listener: one port that speaks absolute-form HTTP, CONNECT (whose TLS is terminated with a leaf for the authority of the
 * CONNECT) and TLS directly. Sockets are at this rim; behind it there are only exchanges.
 */
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls';
import { Refusal } from '../errors.js';
import type { Run } from '../identity/runs.js';
import type { Authority } from '../model.js';
import { type Exchange, type Origin, plainExchange, refusalExchange, upgradeExchange } from './exchange.js';
import type { Flight, Flights } from './flights.js';
import { canonicalHost, parseAuthority, sameAuthority } from './target.js';

/** What the listener hands over to. */
export interface ListenerOptions {
  readonly flights: Flights;
  /** The certificate to show for a host. */
  contextFor(host: string): SecureContext;
  /** Throws `Refusal` (`unauthenticated`). */
  authenticate(credentials: string | null, peer: string): Run;
  /** Name of the connector that serves a host: what a kill of that connector must find. */
  connectorFor(host: string): string;
  /** Carries one request; never rejects. */
  serve(exchange: Exchange, flight: Flight): Promise<void>;
  /** Answers what never became a request. */
  refuse(exchange: Exchange, refusal: Refusal, run: Run | null): Promise<void>;
}

/** What is known of the connection that a request came through. */
interface Tunnel {
  readonly authority: Authority;
  readonly sni: string | null;
  readonly run: Run | null;
}

const handshakeTimeout = 10_000;
const firstByteTimeout = 60_000;

/** Reads the first byte without taking it. */
function firstByte(socket: Socket, then: (byte: number) => void): void {
  const timer = setTimeout(() => socket.destroy(), firstByteTimeout);
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return void socket.once('readable', look);
    clearTimeout(timer);
    socket.unshift(chunk);
    then(chunk[0]!);
  };
  socket.once('close', () => clearTimeout(timer));
  socket.once('readable', look);
}

/** Makes the server; it isn't listening yet. */
export function createListener(options: ListenerOptions): TcpServer {
  const tunnels = new WeakMap<Duplex, Tunnel>();
  /** Exchanges that are open on a connection. */
  const open = new WeakMap<Duplex, Set<Exchange>>();
  /** Connections on which the parser has given up: they end with the exchanges that were read before. */
  const doomed = new WeakSet<Duplex>();

  const serverOptions = {
    maxHeaderSize: 24 * 1024,
    requireHostHeader: false,
    keepAliveTimeout: 75_000,
    headersTimeout: 10_000,
    requestTimeout: 0,
    connectionsCheckingInterval: 5_000,
    noDelay: true,
  } as const;
  const http = createServer(serverOptions);
  http.maxHeadersCount = 0; // dropped silently by Node; ours are counted and refused
  http.timeout = 0;
  // It never listens itself, and Node watches over slow heads only from then on.
  http.emit('listening');

  const origin = (request: IncomingMessage): Origin => {
    const tunnel = tunnels.get(request.socket);
    const { authorization, ambiguous } = proxyAuthorization(request.rawHeaders);
    return {
      head: {
        method: request.method ?? '',
        target: request.url ?? '',
        rawHeaders: request.rawHeaders,
        tunnel: tunnel?.authority ?? null,
        sni: tunnel?.sni ?? null,
      },
      credentials: ambiguous ? '' : authorization,
      run: tunnel?.run ?? null,
    };
  };
  const take = (exchange: Exchange, connection: Duplex): void => {
    const flight = options.flights.begin('exchange', () => exchange.destroy());
    const leave = (): void => flight.leave();
    const others = open.get(connection) ?? new Set();
    open.set(connection, others.add(exchange));
    connection.once('close', leave);
    void options.serve(exchange, flight).finally(() => {
      connection.off('close', leave);
      options.flights.end(flight);
      others.delete(exchange);
      if (others.size === 0 && doomed.has(connection)) connection.end(() => connection.destroy());
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
    if (before !== undefined && before.size > 0) {
      // What was read before is judged and answered; a body that has become unreadable ends there, and so does its way upstream.
      doomed.add(socket);
      for (const { source } of before) if (!(source as IncomingMessage).complete) source.emit('error', error);
      return;
    }
    const refusal = new Refusal('malformed_request', parserSentence(error.code ?? ''));
    void options.refuse(refusalExchange(socket), refusal, tunnels.get(socket)?.run ?? null);
  });

  http.on('connect', (request: IncomingMessage, socket: Duplex, rest: Buffer) => {
    socket.on('error', () => socket.destroy());
    const tcp = socket as Socket;
    const refuse = (error: unknown, run: Run | null): void => {
      const refusal =
        error instanceof Refusal
          ? error
          : new Refusal('proxy_error', 'Tollfence failed while it opened the tunnel.', { cause: error });
      void options.refuse(refusalExchange(socket), refusal, run);
    };
    const outer = tunnels.get(socket);
    if (outer !== undefined)
      return refuse(new Refusal('malformed_request', 'A tunnel may not be opened inside a tunnel.'), outer.run);
    let run: Run;
    let authority: Authority;
    try {
      const { authorization, ambiguous } = proxyAuthorization(request.rawHeaders);
      run = options.authenticate(ambiguous ? '' : authorization, tcp.remoteAddress ?? '');
    } catch (error) {
      return refuse(error, null);
    }
    try {
      authority = connectAuthority(request);
    } catch (error) {
      return refuse(error, run);
    }
    const flight = options.flights.begin('tunnel', () => socket.destroy());
    flight.gateway = run.stored.gateway;
    flight.run = run.stored.id;
    flight.connector = options.connectorFor(authority.host);
    socket.once('close', () => options.flights.end(flight));
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (rest.length > 0) socket.unshift(rest);
    firstByte(tcp, byte => {
      if (byte === 0x16)
        return terminate(tcp, { secureContext: options.contextFor(authority.host) }, sni => ({ authority, sni, run }));
      tunnels.set(socket, { authority: { ...authority, scheme: 'http' }, sni: null, run });
      http.emit('connection', socket);
    });
  });

  /** Becomes the server of the client's TLS, then of the HTTP within. */
  function terminate(socket: Socket, tls: TLSSocketOptions, tunnel: (sni: string | null) => Tunnel | null): void {
    const secure = new TLSSocket(socket, { ...tls, isServer: true, ALPNProtocols: ['http/1.1'] });
    const timer = setTimeout(() => socket.destroy(), handshakeTimeout);
    const drop = (): void => {
      clearTimeout(timer);
      secure.destroy();
      socket.destroy();
    };
    secure.on('error', drop);
    // Before the handshake is done, Node reports failures (a client that doesn't trust our CA) by this event alone.
    secure.on('_tlsError', drop);
    socket.once('close', drop);
    secure.once('secure', () => {
      clearTimeout(timer);
      const name = (secure as unknown as { servername?: string | false }).servername;
      const known = tunnel(typeof name === 'string' && name !== '' ? name : null);
      if (known === null) return drop();
      tunnels.set(secure, known);
      http.emit('connection', secure);
    });
  }

  /** TLS without a CONNECT: the authority is the server name that the client sends; without one there is no handshake. */
  const nameless = createSecureContext({});
  function transparent(socket: Socket): void {
    const SNICallback: TLSSocketOptions['SNICallback'] = (name, done) => {
      try {
        done(null, options.contextFor(canonicalHost(name)));
      } catch {
        done(new Error('The server name is not a host name.'));
      }
    };
    terminate(socket, { secureContext: nameless, SNICallback }, sni =>
      sni === null ? null : { authority: { scheme: 'https', host: canonicalHost(sni), port: 443 }, sni, run: null },
    );
  }

  return createTcpServer({ noDelay: true }, socket => {
    socket.on('error', () => socket.destroy());
    firstByte(socket, byte => (byte === 0x16 ? transparent(socket) : void http.emit('connection', socket)));
  });
}

const values = (raw: readonly string[], name: string): string[] =>
  raw.filter((_, i) => i % 2 === 1 && raw[i - 1]!.toLowerCase() === name);

/** The authority of a CONNECT (RFC 9110 §9.3.6). Its Host may leave out the port, but name nothing else; it has no body. */
function connectAuthority({ url = '', rawHeaders }: IncomingMessage): Authority {
  const authority = parseAuthority(url, 'https');
  const hosts = values(rawHeaders, 'host');
  if (hosts.length > 1) throw new Refusal('malformed_request', 'The field host occurs more than once.');
  for (const host of hosts) {
    if (!sameAuthority(parseAuthority(host, 'https', authority.port), authority))
      throw new Refusal(
        'authority_mismatch',
        `The tunnel is to ${authority.host}:${authority.port}, but Host says something else.`,
      );
  }
  if (
    values(rawHeaders, 'transfer-encoding').length > 0 ||
    values(rawHeaders, 'content-length').some(length => length !== '0')
  ) {
    throw new Refusal('malformed_request', 'A CONNECT has no body.');
  }
  return authority;
}

const asksForWebSocket = ({ rawHeaders }: IncomingMessage): boolean =>
  values(rawHeaders, 'upgrade').some(value => value.toLowerCase() === 'websocket');

/** The one Proxy-Authorization of a request. */
function proxyAuthorization(raw: readonly string[]): { authorization: string | null; ambiguous: boolean } {
  let authorization: string | null = null;
  let ambiguous = false;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length !== 19 || raw[i]!.toLowerCase() !== 'proxy-authorization') continue;
    ambiguous = authorization !== null;
    authorization = raw[i + 1]!;
  }
  return { authorization, ambiguous };
}

/** What the parser of Node found wrong, for a person. */
function parserSentence(code: string): string {
  if (code === 'HPE_HEADER_OVERFLOW') return 'The head of the request is too large.';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'The head of the request took too long to arrive.';
  return `The request is not valid HTTP/1.1 (${code.replace(/^HPE_/, '').toLowerCase().replaceAll('_', ' ') || 'unreadable'}).`;
}
