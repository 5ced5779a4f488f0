/**
 * Upstream: connections to APIs. Pools of HTTP/1.1 and sessions of HTTP/2 are kept per gateway, authority and credential, so
 * that nothing of one identity (cookies of a connection, TLS session, NTLM state) is ever another's. TLS is verified strictly;
 * a permit opens the door.
 */
import type { Authority } from '../model.js';
import { type Dial, type DialOptions, dialler } from './dial.js';
import { type Identity, type IdentityOptions, openIdentity, type Speaks } from './identity.js';
import type { Sender } from './sessions.js';

/** Where and how to dial. */
export interface UpstreamOptions extends DialOptions, IdentityOptions {
  /** Most identities that are kept; the one unused for longest goes first. */
  readonly pools: number;
}

/** The pools. */
export interface Upstream {
  /**
   * What sends for this identity; `credential` is the name and version of the secret, or empty. `speaks`: as the client did,
   * which is left where the upstream can't, or HTTP/2 and nothing else, as gRPC must.
   */
  pool(gateway: string, authority: Authority, credential: string, speaks?: Speaks): Sender;
  readonly dial: Dial;
  /** Ends all connections of a gateway, or all. */
  destroy(gateway?: string): void;
}

export function openUpstream(options: UpstreamOptions): Upstream {
  const dial = dialler(options);
  const pools = new Map<string, { gateway: string; identity: Identity }>();
  const drop = (key: string): void => {
    const entry = pools.get(key);
    pools.delete(key);
    entry?.identity.destroy();
  };
  return {
    dial,
    pool(gateway, authority, credential, speaks = 'http/1.1') {
      const key = `${gateway}\n${authority.scheme}\n${authority.host}\n${authority.port}\n${credential}`;
      const known = pools.get(key);
      if (known !== undefined) {
        if (pools.size > options.pools / 2) {
          pools.delete(key);
          pools.set(key, known);
        }
        return known.identity.sender(speaks);
      }
      for (const [oldest, entry] of pools) {
        if (pools.size < options.pools) break;
        if (entry.identity.idle) drop(oldest);
      }
      const identity = openIdentity(authority, (to, alpn) => dial(to, alpn, gateway), options);
      pools.set(key, { gateway, identity });
      return identity.sender(speaks);
    },
    destroy(gateway) {
      for (const [key, entry] of pools) if (gateway === undefined || entry.gateway === gateway) drop(key);
    },
  };
}
