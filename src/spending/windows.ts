/**
 * Windows: the stretches of time in which limits count. They lie fixed in UTC: a minute begins with the minute, a day at
 * midnight, a month on its first. So a limit may be used up at the end of one window, and again at the start of the next.
 */

/** Lengths in milliseconds; a month's is its own. */
const lengths = { s: 1000, min: 60_000, hour: 3_600_000, day: 86_400_000 };

/** What a limit is counted over. */
export type Period = keyof typeof lengths | 'month';

/** Number of the window that holds `now` (ms since the epoch), counted from 1970. Never falls as `now` grows. */
export function windowAt(period: Period, now: number): number {
  if (period !== 'month') return Math.floor(now / lengths[period]);
  const time = new Date(now);
  return (time.getUTCFullYear() - 1970) * 12 + time.getUTCMonth();
}

/** When the window of this number ends: the first millisecond of the next one. */
export const endOf = (period: Period, window: number): number =>
  period === 'month' ? Date.UTC(1970, window + 1, 1) : (window + 1) * lengths[period];
