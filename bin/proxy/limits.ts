/** What the configured limits are for each room, and what this machine adds to them. */
import { readFileSync } from 'node:fs';
import type { Config } from '../../src/config.js';
import type { BodyLimits } from '../../src/http/body.js';
import type { ConnectionLimits } from '../../src/http/connections.js';
import type { ListenerLimits } from '../../src/http/listener.js';
import { systemResolver } from '../../src/http/resolve.js';

type Limits = Config['limits'];

/** How many files this process may have open (RLIMIT_NOFILE); 1,024 where the system doesn't say. */
function openFiles(): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '';
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft) || 1_024;
  } catch {
    return 1_024;
  }
}

/**
 * How many connections clients may have. Unless it is configured, no more than leave a fifth of the files that may be open
 * for everything else when each has one upstream: the control socket, and with it the kill switch, must not want for one.
 */
export function connectionLimits(limits: Limits, files = openFiles()): ConnectionLimits {
  const connections = limits.connections ?? Math.max(16, Math.min(10_000, Math.floor((files / 2) * 0.8)));
  return {
    connections,
    perGateway: limits.connections_per_gateway ?? Math.ceil(connections / 4),
    unauthenticated: limits.unauthenticated,
    perPeer: limits.unauthenticated_per_peer,
  };
}

/** What the listener waits for, and how long. */
export const listenerLimits = (limits: Limits): ListenerLimits => ({
  headSize: limits.head_size,
  headTime: limits.head_time,
  firstByte: limits.first_byte,
  handshake: limits.handshake,
  keepAlive: limits.keep_alive,
  streams: limits.h2_streams,
});

/** How much of bodies is judged, and what that may cost. */
export const bodyLimits = (limits: Limits): BodyLimits => ({
  document: limits.judged_document,
  other: limits.judged_other,
  decoded: limits.decoded,
  ratio: limits.decoded_ratio,
  codings: 2,
  total: limits.bodies,
  perGateway: limits.bodies_per_gateway,
  stall: limits.body_stall,
  rate: limits.body_rate,
});

/** How upstreams are connected to. */
export const upstreamLimits = (limits: Limits) => ({
  connections: limits.upstream_connections,
  pools: limits.upstream_pools,
  headersTimeout: limits.response_head,
  connectTimeout: limits.connect,
  resolve: systemResolver({ deadline: limits.dns }),
});
