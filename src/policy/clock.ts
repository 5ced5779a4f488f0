/**
 * Clock: what a clock on the wall of a time zone shows, and when it shows it. By the rules of the IANA database as Node
 * carries it (ECMA-402, `Intl.DateTimeFormat`), so with daylight saving; nothing is reckoned here that ICU knows.
 */

/** What the wall shows, to the minute. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

const minuteMs = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();
/** The last answer for each zone: nearly all questions are about now. */
const latest = new Map<string, { readonly minute: number; readonly wall: WallTime }>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const numeric = 'numeric';
  const format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    ...{
      timeZone: zone,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
    },
  });
  formats.set(zone, format);
  return format;
}

/** What the wall of `zone` shows at `at` (ms since the epoch). Throws `RangeError` if there is no such zone or time. */
export function wallTime(zone: string, at: number): WallTime {
  const minute = Math.floor(at / minuteMs);
  const last = latest.get(zone);
  if (last !== undefined && last.minute === minute) return last.wall;
  const read: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(minute * minuteMs)) read[type] = Number(value);
  const { year, month, day, hour, minute: past } = read as unknown as WallTime;
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  const wall: WallTime = { year, month, day, weekday, hour, minute: past };
  latest.set(zone, { minute, wall });
  return wall;
}

/** What is added to UTC in `zone` at `at`, in ms. */
function offsetAt(zone: string, at: number): number {
  const { year, month, day, hour, minute } = wallTime(zone, at);
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / minuteMs) * minuteMs;
}

/**
 * When the wall of `zone` shows a time, which is given as if it were UTC (ms). It does so twice where the clock is put back,
 * and never where it is put forward: `first` and `last` are then as far apart as that takes.
 */
export function instants(zone: string, shown: number): { readonly first: number; readonly last: number } {
  const day = 86_400_000;
  const candidates = [shown - offsetAt(zone, shown - day), shown - offsetAt(zone, shown + day)];
  const exact = candidates.filter(at => at + offsetAt(zone, at) === shown);
  const found = exact.length > 0 ? exact : candidates;
  return { first: Math.min(...found), last: Math.max(...found) };
}

/** A point in time that was read. Where the clock is put forward or back, its two ends are apart. */
export interface Point {
  readonly first: number;
  readonly last: number;
  /** A date: all of that day, and when the next one has begun. */
  readonly whole: boolean;
  readonly next: number;
}

/** Reads a date (`2026-12-20`), or a date and time, in `zone` unless it says an offset (RFC 3339); null if it is none. */
export function pointIn(text: string, zone: string): Point | null {
  const [, date = '', time, offset] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  const shown = Date.parse(`${date}T${time ?? '00:00'}Z`);
  // Date.parse makes 2 March of 30 February.
  if (Number.isNaN(shown) || new Date(Date.parse(`${date}T00:00Z`)).toISOString().slice(0, 10) !== date) return null;
  if (shown < 0) return null;
  if (offset !== undefined) {
    const at = Date.parse(text);
    return Number.isNaN(at) ? null : { first: at, last: at, whole: false, next: at };
  }
  return { ...instants(zone, shown), whole: time === undefined, next: instants(zone, shown + 86_400_000).last };
}

const two = (number: number): string => String(number).padStart(2, '0');

/** `2026-12-24 12:00` in `zone`. */
export function printWall(zone: string, at: number): string {
  const { year, month, day, hour, minute } = wallTime(zone, at);
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`;
}
