/** Durations, as they stand in the configuration and behind options. */
import { z } from 'zod';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `250ms`, `55s`, `15m` in milliseconds, or null. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  return match === null ? null : Number(match[1]) * units[match[2]!]!;
}

/** A duration in a configuration; milliseconds once it is read. */
export const duration = z
  .string()
  .refine(text => parseDuration(text) !== null, 'must be a duration such as 250ms, 55s or 15m')
  .transform(text => parseDuration(text)!);
