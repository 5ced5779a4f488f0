/** Back-off: when to try again. */

const first = 500;
const longest = 300_000;

/**
 * Milliseconds until the next try, after `attempts` that failed: twice as long each time, up to five minutes, of which a half
 * is left to chance so that not all come back at once. Never less than the receiver asked for (`Retry-After`).
 * `random` in [0, 1).
 */
export function delayAfter(attempts: number, random: number, retryAfter = 0): number {
  const whole = Math.min(longest, first * 2 ** Math.min(attempts - 1, 30));
  return Math.max(retryAfter, Math.round(whole * (0.5 + random / 2)));
}

/** The value of Retry-After in milliseconds, from seconds or a date (RFC 9110 §10.2.3); 0 if it says nothing. */
export function retryAfterOf(value: string | null | undefined, now: number): number {
  if (!value) return 0;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}
