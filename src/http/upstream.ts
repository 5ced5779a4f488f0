/**
 * Upstream: connections to APIs. One undici pool per gateway, authority and credential, so that nothing of one identity
 * (cookies of a connection, TLS session, NTLM state) is ever another's. TLS is verified strictly; a permit opens the door.
 */
import { Pool } from 'undici';
import type { Authority } from '../model.js';
import { type Dial, type DialOptions, dialler } from './dial.js';

/** Where and how to dial. */
export interface UpstreamOptions extends DialOptions {
  /** Most connections per pool. */
  readonly connections?: number;
  /** Milliseconds until the head of a response must be there. */
  readonly headersTimeout?: number;
}

/** The pools. */
export interface Upstream {
  /** The pool for this identity; `credential` is the name and version of the secret, or empty. */
  pool(gateway: string, authority: Authority, credential: string): Pool;
  readonly dial: Dial;
  /** Ends all connections of a gateway, or all. */
  destroy(gateway?: string): void;
}

/** Most pools that are kept; the one unused for longest goes first. */
const maxPools = 512;

export function openUpstream(options: UpstreamOptions): Upstream {
  const dial = dialler(options);
  const pools = new Map<string, { gateway: string; pool: Pool }>();
  const drop = (key: string): void => {
    const entry = pools.get(key);
    pools.delete(key);
    void entry?.pool.destroy().catch(() => {});
  };
  return {
    dial,
    pool(gateway, authority, credential) {
      const key = `${gateway}\n${authority.scheme}\n${authority.host}\n${authority.port}\n${credential}`;
      const known = pools.get(key);
      if (known !== undefined) {
        if (pools.size > maxPools / 2) {
          pools.delete(key);
          pools.set(key, known);
        }
        return known.pool;
      }
      for (const [oldest, entry] of pools) {
        if (pools.size < maxPools) break;
        if (entry.pool.stats.running === 0) drop(oldest);
      }
      const host = authority.host.includes(':') ? `[${authority.host}]` : authority.host;
      const pool = new Pool(`${authority.scheme}://${host}:${authority.port}`, {
        connections: options.connections ?? 128,
        pipelining: 1,
        keepAliveTimeout: 30_000,
        headersTimeout: options.headersTimeout ?? 600_000,
        bodyTimeout: 0,
        connect: (_, done) => {
          dial(authority, ['http/1.1']).then(
            socket => done(null, socket),
            (error: Error) => done(error, null),
          );
        },
      });
      pools.set(key, { gateway, pool });
      return pool;
    },
    destroy(gateway) {
      for (const [key, entry] of pools) if (gateway === undefined || entry.gateway === gateway) drop(key);
    },
  };
}
