/** Tunnel: a CONNECT (RFC 9110 §9.3.6) is authenticated, becomes a tunnel to one authority, and what it carries is read. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { Refusal } from '../errors.js';
import type { Run } from '../identity/runs.js';
import type { Authority } from '../model.js';
import type { Connections } from './connections.js';
import { type Exchange, refusalExchange } from './exchange.js';
import type { Flights } from './flights.js';
import { tunnelExchange } from './passthrough.js';
import { firstByte, tlsHandshake } from './peek.js';
import { parseAuthority, sameAuthority } from './target.js';
import { terminate } from './terminate.js';

/** What is known of the connection that a request came through. */
export interface Tunnel {
  readonly authority: Authority;
  /** Server name of the TLS handshake; null when the client sent none, or without TLS. */
  readonly sni: string | null;
  /** The client's connection itself, below any TLS. */
  readonly client: Socket;
  /** Whose it is; null for a connection without a CONNECT, whose requests bring their own credentials. */
  readonly run: Run | null;
}

/** How long a client may take, in milliseconds. */
export interface TunnelLimits {
  readonly firstByte: number;
  readonly handshake: number;
}

/** What tunnels need. */
export interface TunnelOptions {
  readonly flights: Flights;
  readonly connections: Connections;
  readonly limits: TunnelLimits;
  /** The certificate to show for a host. */
  contextFor(host: string): SecureContext | Promise<SecureContext>;
  /** Throws `Refusal` (`unauthenticated`). */
  authenticate(credentials: string | null, peer: string): Run;
  /** Whether a host's tunnels are carried without being read. */
  uninspected(host: string): boolean;
  /** Name of the connector that serves a host: what a kill of that connector must find. */
  connectorFor(host: string): string;
  /** Answers what never became a request. */
  refuse(exchange: Exchange, refusal: Refusal, run: Run | null): Promise<void>;
}

/**
 * Makes what answers a CONNECT. `outer`: the tunnel that it came through, if any, for that is refused; `carry` serves the
 * HTTP within; `pass` takes a tunnel that isn't read.
 */
export function tunneller(
  options: TunnelOptions,
  carry: (connection: Socket, tunnel: Tunnel) => void,
  pass: (exchange: Exchange, socket: Socket) => void,
): (request: IncomingMessage, socket: Duplex, rest: Buffer, outer: Tunnel | undefined) => void {
  return (request, duplex, rest, outer) => {
    const socket = duplex as Socket;
    socket.on('error', () => socket.destroy());
    const refuse = (error: unknown, run: Run | null): void => {
      const refusal =
        error instanceof Refusal
          ? error
          : new Refusal('proxy_error', 'Tollfence failed while it opened the tunnel.', { cause: error });
      void options.refuse(refusalExchange(socket), refusal, run);
    };
    if (outer !== undefined)
      return refuse(new Refusal('malformed_request', 'A tunnel may not be opened inside a tunnel.'), outer.run);
    let run: Run | null = null;
    let authority: Authority;
    try {
      run = options.authenticate(proxyAuthorization(request.rawHeaders), socket.remoteAddress ?? '');
      options.connections.claim(socket, run.stored.gateway);
      authority = connectAuthority(request);
    } catch (error) {
      return refuse(error, run);
    }
    if (options.uninspected(authority.host))
      return pass(tunnelExchange(socket, rest, authority, run, options.limits.handshake), socket);
    const flight = options.flights.begin(
      'tunnel',
      () => socket.destroy(),
      () => {},
      socket,
    );
    flight.belongTo(run);
    flight.connector = options.connectorFor(authority.host);
    socket.once('close', () => options.flights.end(flight));
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (rest.length > 0) socket.unshift(rest);
    const { limits } = options;
    firstByte(socket, limits.firstByte, byte => {
      if (byte !== tlsHandshake)
        return carry(socket, { authority: { ...authority, scheme: 'http' }, sni: null, client: socket, run });
      terminate(socket, options.contextFor(authority.host), limits.handshake, (secure, sni) =>
        carry(secure, { authority, sni, client: socket, run }),
      );
    });
  };
}

const values = (raw: readonly string[], name: string): string[] =>
  raw.filter((_, i) => i % 2 === 1 && raw[i - 1]!.toLowerCase() === name);

/** The authority of a CONNECT. Its Host may leave out the port, but name nothing else; it has no body. */
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

/** The one Proxy-Authorization of a request; null if there is none, and empty, which nobody has, if there are several. */
export function proxyAuthorization(raw: readonly string[]): string | null {
  let found: string | null = null;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length !== 19 || raw[i]!.toLowerCase() !== 'proxy-authorization') continue;
    if (found !== null) return '';
    found = raw[i + 1]!;
  }
  return found;
}
