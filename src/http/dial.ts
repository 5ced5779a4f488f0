/**
 * Dial: opens one verified connection to an authority. The judged address is the one that is dialled; TLS is verified
 * strictly against the name that was judged.
 */
import { isIP, type LookupFunction, type Socket, connect as tcpConnect } from 'node:net';
import { checkServerIdentity, type SecureContext, connect as tlsConnect } from 'node:tls';
import { Refusal } from '../errors.js';
import type { Authority } from '../model.js';
import type { Destination } from './destination.js';

/** Where and how to dial. */
export interface DialOptions {
  readonly destination: (authority: Authority) => Promise<Destination>;
  /** Trusted roots, made once. */
  readonly context: () => SecureContext;
}

const connectTimeout = 10_000;

/** Opens a verified connection to an authority. Rejects with `Refusal` or the error of the socket. */
export type Dial = (authority: Authority, alpn: readonly string[]) => Promise<Socket>;

/** Options to dial one of several judged addresses (RFC 8305), without asking DNS again. */
function where(
  [first, ...rest]: Destination['addresses'],
  port: number,
): { host: string; port: number; lookup?: LookupFunction; autoSelectFamily?: boolean } {
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
  return async (authority, alpn) => {
    const { addresses, port } = await options.destination(authority);
    return new Promise((resolve, reject) => {
      const secure = authority.scheme === 'https';
      const socket = secure
        ? tlsConnect({
            ...where(addresses, port),
            ...(isIP(authority.host) === 0 ? { servername: authority.host } : {}),
            checkServerIdentity: (_, certificate) => checkServerIdentity(authority.host, certificate),
            secureContext: options.context(),
            ALPNProtocols: [...alpn],
            rejectUnauthorized: true,
            minVersion: 'TLSv1.2',
          })
        : tcpConnect(where(addresses, port));
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new Refusal('upstream_timeout', `${authority.host} did not accept a connection in time.`));
      }, connectTimeout);
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

/** What went wrong upstream, as a refusal that says so in the contract's words. */
export function upstreamRefusal(error: unknown, authority: Authority): Refusal {
  if (error instanceof Refusal) return error;
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  const where = `${authority.host}:${authority.port}`;
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return new Refusal('upstream_timeout', `${where} did not answer in time.`);
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
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  ) {
    return new Refusal('upstream_protocol', `${where} sent an answer that can't be read safely (${code}).`);
  }
  // Node reports a close during the handshake as ECONNRESET too; its message tells.
  if (/before secure TLS connection/.test(message))
    return new Refusal('upstream_tls', `${where} closed the connection during the TLS handshake.`);
  return new Refusal(
    'upstream_reset',
    `${where} closed the connection before its answer was complete${code ? ` (${code})` : ''}.`,
  );
}
