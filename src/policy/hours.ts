/**
 * Hours: when a permission applies, as an operator writes it (`mon-fri 09:00-17:00 Europe/Berlin`). They are read off the
 * wall: a time that the clock skips never comes, and one that it shows twice holds both times.
 */
import { isTimeZone } from '../config/timezone.js';
import { wallTime } from './clock.js';

/** From `from` until just before `to`, in minutes of the day; over midnight if `to` is not later. */
interface Range {
  /** On which days it begins; 0 is Sunday. */
  readonly days: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Hours that were read. */
export interface Hours {
  readonly ranges: readonly Range[];
  /** Null: the operator's own time zone. */
  readonly zone: string | null;
}

/** The hours, or every fault as a sentence. */
export type ParsedHours =
  | { readonly hours: Hours; readonly faults?: undefined }
  | { readonly hours?: undefined; readonly faults: readonly string[] };

const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** In the order in which a week is read. */
const week = [1, 2, 3, 4, 5, 6, 0];
const most = { ranges: 16, characters: 300 };
const dayList = '[A-Za-z]{3}(?: ?- ?[A-Za-z]{3})?(?: ?, ?[A-Za-z]{3}(?: ?- ?[A-Za-z]{3})?)*';
const clause = new RegExp(`^ ?(?:(${dayList}) )?(\\d\\d:\\d\\d) ?- ?(\\d\\d:\\d\\d) ?`);

/** Reads hours; several texts are as good as one with commas. */
export function parseHours(...texts: readonly string[]): ParsedHours {
  const faults: string[] = [];
  const ranges: Range[] = [];
  const zones = new Set<string>();
  let dayless = 0;
  for (const text of texts) {
    let rest = text.replace(/\s+/g, ' ').trim();
    if (rest.length > most.characters) return { faults: [`The hours are longer than ${most.characters} characters.`] };
    for (let more = true; more; ) {
      const match = clause.exec(rest);
      if (match === null)
        faults.push(
          `In the hours ${JSON.stringify(text)}, ${JSON.stringify(rest)} is not understood: write days and times, as in "mon-fri 09:00-17:00" or "sat,sun 00:00-24:00".`,
        );
      const [whole = rest, days, from, to] = match ?? [];
      if (match !== null && days === undefined) dayless++;
      if (from !== undefined && to !== undefined)
        ranges.push({ days: daysIn(days, faults), ...timesIn(from, to, faults) });
      rest = rest.slice(whole.length);
      more = rest.startsWith(',');
      if (more) rest = rest.slice(1);
    }
    if (rest !== '' && !isTimeZone(rest))
      faults.push(
        `${JSON.stringify(rest)} is not a time zone: write a name of the IANA database, as in Europe/Berlin.`,
      );
    else if (rest !== '') zones.add(rest);
  }
  if (zones.size > 1) faults.push(`The hours are in ${[...zones].join(' and ')}: a permission has one time zone.`);
  if (dayless > 0 && dayless < ranges.length)
    faults.push('Some of the hours name days and some none: name the days of each.');
  if (ranges.length > most.ranges) faults.push(`A permission has at most ${most.ranges} ranges of hours.`);
  if (faults.length > 0) return { faults };
  const [zone = null] = zones;
  return { hours: { ranges, zone } };
}

/** The days of `mon-fri,sun`; all of them for none. */
function daysIn(text: string | undefined, faults: string[]): readonly number[] {
  if (text === undefined) return week;
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const [first = '', last = first] = part.split('-').map(name => name.trim());
    const [from, to] = [names.indexOf(first), names.indexOf(last)];
    if (from < 0 || to < 0) {
      faults.push(`${JSON.stringify(part.trim())} is not a day: write ${week.map(day => names[day]).join(', ')}.`);
      continue;
    }
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === to) break;
    }
  }
  return week.filter(day => days.has(day));
}

function timesIn(from: string, to: string, faults: string[]): Pick<Range, 'from' | 'to'> {
  const [start, end] = [from, to].map(text => {
    const [hour = 0, minute = 0] = text.split(':').map(Number);
    const inDay = hour * 60 + minute;
    if (hour > 24 || minute > 59 || inDay > 1440) faults.push(`${text} is not a time of the day: 00:00 to 24:00.`);
    return inDay;
  }) as [number, number];
  if (start === 1440) faults.push('24:00 is an end only: the next day begins at 00:00.');
  if (start === end) faults.push(`${from}-${to} is no time at all; the whole day is 00:00-24:00.`);
  return { from: start, to: end };
}

const clockOf = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function printDays(days: readonly number[]): string {
  const runs: number[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && week.indexOf(day) === week.indexOf(run.at(-1)!) + 1) run.push(day);
    else runs.push([day]);
  }
  return runs.map(run => (run.length === 1 ? names[run[0]!] : `${names[run[0]!]}-${names[run.at(-1)!]}`)).join(',');
}

/** Hours in their one spelling; `fallback`: the time zone of those that name none. */
export function printHours({ ranges, zone }: Hours, fallback: string | null = null): string {
  const always = ranges.every(({ days }) => days.length === 7);
  const printed = ranges.map(
    ({ days, from, to }) => `${always ? '' : `${printDays(days)} `}${clockOf(from)}-${clockOf(to)}`,
  );
  const place = zone ?? fallback;
  return `${printed.join(', ')}${place === null ? '' : ` ${place}`}`;
}

/** Whether they hold at `at` (ms since the epoch), where the operator's time zone is `zone`. */
export function hoursHold({ ranges, zone: own }: Hours, zone: string, at: number): boolean {
  const { weekday, hour, minute } = wallTime(own ?? zone, at);
  const now = hour * 60 + minute;
  const yesterday = (weekday + 6) % 7;
  return ranges.some(({ days, from, to }) =>
    from < to
      ? days.includes(weekday) && from <= now && now < to
      : (days.includes(weekday) && now >= from) || (days.includes(yesterday) && now < to),
  );
}
