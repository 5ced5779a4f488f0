/**
 * Limits: the section `limits` of the configuration. Every buffer, queue and wait that a client or an upstream can fill or
 * prolong has a row here; what happens when one is reached is in docs/configuration.md, in a table that a test compares.
 */
import { z } from 'zod';
import { duration } from './duration.js';

const units: Readonly<Record<string, number>> = { B: 1, KiB: 1 << 10, MiB: 1 << 20, GiB: 1 << 30 };

/** A size such as `512B`, `16KiB`, `8MiB`, `1GiB` in bytes, or null. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,6})(B|KiB|MiB|GiB)$/.exec(text);
  return match === null ? null : Number(match[1]) * units[match[2]!]!;
}

const size = (least: number, most: number) =>
  z
    .string()
    .refine(text => parseSize(text) !== null, 'must be a size such as 512B, 16KiB or 8MiB')
    .transform(text => parseSize(text) ?? 0)
    .refine(bytes => bytes >= least && bytes <= most, 'is too small or too large');

const count = (least: number, most = 1_000_000) => z.int().min(least).max(most);

/** A wait: none at all would end everything, and Node's timers can't be set for longer than 24 days. */
const wait = duration.refine(milliseconds => milliseconds >= 100 && milliseconds <= 86_400_000, 'must be 100ms to 24h');

const KiB = 1 << 10;
const MiB = 1 << 20;

/** What `limits` may hold. Times in milliseconds, sizes in bytes, once read. */
export const limits = z
  .strictObject({
    head_time: wait.default(10_000),
    head_size: size(KiB, 64 * KiB).default(16 * KiB),
    first_byte: wait.default(60_000),
    handshake: wait.default(10_000),
    keep_alive: wait.default(75_000),
    dns: wait.default(5_000),
    connect: wait.default(10_000),
    response_head: wait.default(600_000),
    body_stall: wait.default(30_000),
    body_rate: size(0, MiB).default(240),
    stall: wait.default(600_000),
    judged_document: size(KiB, 64 * MiB).default(8 * MiB),
    judged_other: size(KiB, 64 * MiB).default(MiB),
    decoded: size(KiB, 256 * MiB).default(16 * MiB),
    decoded_ratio: count(1, 10_000).default(100),
    bodies: size(MiB, 64 * 1_024 * MiB).default(256 * MiB),
    bodies_per_gateway: size(MiB, 64 * 1_024 * MiB).default(64 * MiB),
    connections: count(16).optional(),
    connections_per_gateway: count(1).optional(),
    exchanges_per_gateway: count(1).default(2_048),
    unauthenticated: count(1).default(1_024),
    unauthenticated_per_peer: count(1).default(512),
    h2_streams: count(1, 10_000).default(100),
    upstream_connections: count(1, 10_000).default(128),
    upstream_pools: count(1, 100_000).default(512),
    leaves: count(1, 1_000_000).default(1_024),
    approvals_per_gateway: count(1, 100_000).default(100),
    deferrals_per_gateway: count(1, 100_000).default(100),
    deferred_per_gateway: size(KiB, 1_024 * MiB).default(64 * MiB),
  })
  .prefault({});
