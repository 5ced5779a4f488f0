/**
 * Dial: opens one verified connection to an authority. The judged address is the one that is dialled; TLS is verified
 * strictly against the name that was judged.
 */
import { isIP, type LookupFunction, type Socket, connect as tcpConnect } from 'node:net';
import { checkServerIdentity, type SecureContext, connect as tlsConnect } from 'node:tls';
import { Refusal } from '../errors.js';
import type { Authority } from '../model.js';
import { type Destination, type DestinationRules, destinations, destinationsBeyond } from './destination.js';
import { connectThrough, outboundProxy } from './outbound-proxy.js';
import type { Resolve } from './resolve.js';

/** Where and how to dial. */
export interface DialOptions {
  readonly rules: DestinationRules;
  /** Trusted roots, made once. */
  readonly context: () => SecureContext;
  /** URL of the proxy that all connections go through. */
  readonly proxy?: string | undefined;
  /** How names are resolved; by default as the system does. */
  readonly resolve?: Resolve;
  /** Milliseconds until a connection is open, TLS included, and before that the tunnel through the proxy; 10 s by default. */
  readonly connectTimeout?: number;
}

const usualTimeout = 10_000;

/** Opens a verified connection to an authority, for a gateway. Rejects with `Refusal` or the error of the socket. */
export type Dial = (authority: Authority, alpn: readonly string[], gateway?: string) => Promise<Socket>;

/** What `connect` takes: where to, or a connection that is open already. */
type Way = { socket: Socket } | { host: string; port: number; lookup?: LookupFunction; autoSelectFamily?: boolean };

/** Builds the function that leads to an authority: to its judged addresses, or into a tunnel through the proxy. */
function leader({
  rules,
  context,
  proxy,
  resolve,
  connectTimeout = usualTimeout,
}: DialOptions): (authority: Authority, gateway?: string) => Promise<Way> {
  if (proxy === undefined) {
    const find = destinations(rules, resolve);
    return async (authority, gateway) => where(await find(authority, gateway));
  }
  const through = outboundProxy(proxy);
  const find = destinationsBeyond(rules, resolve);
  return async (authority, gateway) => ({
    socket: await connectThrough(through, await find(authority, gateway), context, connectTimeout),
  });
}

/** Options to dial one of several judged addresses (RFC 8305), without asking DNS again. */
function where({ addresses, port }: Destination): Way {
  const [first, ...rest] = addresses;
  if (rest.length === 0) return { host: first, port };
  const judged = [first, ...rest].map(address => ({ address, family: isIP(address) }));
  return {
    host: 'judged.invalid',
    port,
    autoSelectFamily: true,
    lookup: (_host, _options, done) => done(null, judged),
  };
}

/** Dials the judged address; TLS ≥ 1.2, name and chain verified against the authority that was judged. */
export function dialler(options: DialOptions): Dial {
  const lead = leader(options);
  return async (authority, alpn, gateway) => {
    const way = await lead(authority, gateway);
    const secure = authority.scheme === 'https';
    if ('socket' in way && !secure) return way.socket;
    return new Promise((resolve, reject) => {
      const socket =
        'socket' in way || secure
          ? tlsConnect({
              ...way,
              ...(isIP(authority.host) === 0 ? { servername: authority.host } : {}),
              checkServerIdentity: (_, certificate) => checkServerIdentity(authority.host, certificate),
              secureContext: options.context(),
              ALPNProtocols: [...alpn],
              rejectUnauthorized: true,
              minVersion: 'TLSv1.2',
            })
          : tcpConnect(way);
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new Refusal('upstream_timeout', `${authority.host} did not accept a connection in time.`));
      }, options.connectTimeout ?? usualTimeout);
      socket.setNoDelay(true);
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.off('error', reject);
        resolve(socket);
      });
      socket.once('error', error => {
        clearTimeout(timer);
        reject(error);
      });
    });
  };
}

/** The upstream has not answered in time. */
export const tooLate = ({ host, port }: Authority): Refusal =>
  new Refusal('upstream_timeout', `${host}:${port} did not answer in time.`);

/** What went wrong upstream, as a refusal that says so in the contract's words. */
export function upstreamRefusal(error: unknown, authority: Authority): Refusal {
  if (error instanceof Refusal) return error;
  const { code = '', message = '', name = '' } = (error ?? {}) as { code?: string; message?: string; name?: string };
  const where = `${authority.host}:${authority.port}`;
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return tooLate(authority);
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT')
    return new Refusal('upstream_timeout', `${where} did not accept a connection in time.`);
  if (['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EMFILE', 'ENFILE'].includes(code)) {
    return new Refusal('upstream_unreachable', `${where} can't be reached (${code}).`);
  }
  if (
    /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|ERR_OSSL|INVALID_CA|CRL_|EPROTO)/.test(
      code,
    )
  ) {
    return new Refusal('upstream_tls', `The TLS connection to ${where} failed (${code}).`);
  }
  if (
    code.startsWith('HPE_') ||
    ['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ERR_ASSERTION'].includes(code) ||
    // undici's own words for what it can't read; not every such error has a code that says so.
    name === 'HTTPParserError' ||
    /^bad (response|upgrade)$/.test(message)
  ) {
    const what = code === '' || code === 'ERR_ASSERTION' ? '' : ` (${code})`;
    return new Refusal('upstream_protocol', `${where} sent an answer that can't be read safely${what}.`);
  }
  // Node reports a close during the handshake as ECONNRESET too; its message tells.
  if (/before secure TLS connection/.test(message))
    return new Refusal('upstream_tls', `${where} closed the connection during the TLS handshake.`);
  return new Refusal(
    'upstream_reset',
    `${where} closed the connection before its answer was complete${code ? ` (${code})` : ''}.`,
  );
}
