/** Hours: what an operator may write, and when it holds, held to the published rules of a few time zones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { instants, wallTime } from '../../src/policy/clock.js';
import { hoursHold, parseHours, printHours } from '../../src/policy/hours.js';

const read = (...texts: string[]) => {
  const { hours, faults } = parseHours(...texts);
  assert.deepEqual(faults, undefined);
  return hours!;
};
const holds = (text: string, time: string, zone = 'UTC'): boolean => hoursHold(read(text), zone, Date.parse(time));

const day = 86_400_000;
const hour = 3_600_000;
/** The n-th (or, below 0, the last) Sunday of a month at midnight, as if in UTC. */
const sunday = (year: number, month: number, n: number): number => {
  if (n < 0) return sunday(year, month + 1, 1) - 7 * day;
  const first = Date.UTC(year, month, 1);
  return first + (((7 - new Date(first).getUTCDay()) % 7) + 7 * (n - 1)) * day;
};
const yearOf = (at: number): number => new Date(at).getUTCFullYear();
/** Offsets by the laws themselves, without ICU: Directive 2000/84/EC; 15 USC 260a; the Lord Howe Island acts; none in India. */
const offsets: Readonly<Record<string, (at: number) => number>> = {
  'Europe/Berlin': at =>
    at >= sunday(yearOf(at), 2, -1) + hour && at < sunday(yearOf(at), 9, -1) + hour ? 2 * hour : hour,
  'America/New_York': at =>
    at >= sunday(yearOf(at), 2, 2) + 7 * hour && at < sunday(yearOf(at), 10, 1) + 6 * hour ? -4 * hour : -5 * hour,
  'Australia/Lord_Howe': at =>
    at >= sunday(yearOf(at), 3, 1) - 9 * hour && at < sunday(yearOf(at), 9, 1) - 8.5 * hour ? 10.5 * hour : 11 * hour,
  'Asia/Kolkata': () => 5.5 * hour,
};
const zones = fc.constantFrom(...Object.keys(offsets));
const turns = (zone: string, year: number): number[] =>
  zone === 'Europe/Berlin'
    ? [sunday(year, 2, -1) + hour, sunday(year, 9, -1) + hour]
    : zone === 'America/New_York'
      ? [sunday(year, 2, 2) + 7 * hour, sunday(year, 10, 1) + 6 * hour]
      : [sunday(year, 3, 1) - 9 * hour, sunday(year, 9, 1) - 8.5 * hour];
/** Any time from 2009 to 2036, or one within two hours of a change of the clock. */
const moment = (zone: string): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min: Date.UTC(2009, 0, 1), max: Date.UTC(2037, 0, 1) - 1 }),
    fc
      .tuple(fc.integer({ min: 2009, max: 2036 }), fc.nat({ max: 1 }), fc.integer({ min: -2 * hour, max: 2 * hour }))
      .map(([year, i, away]) => turns(zone, year)[i]! + away),
  );
const places = zones.chain(zone => fc.tuple(fc.constant(zone), moment(zone)));

test('the wall of a time zone shows what its law says, also around a change of the clock', () => {
  fc.assert(
    fc.property(places, ([zone, at]) => {
      const shown = new Date(at + offsets[zone]!(at));
      const wall = wallTime(zone, at);
      assert.deepEqual(
        [wall.year, wall.month, wall.day, wall.weekday, wall.hour, wall.minute],
        [
          ...[shown.getUTCFullYear(), shown.getUTCMonth() + 1, shown.getUTCDate()],
          ...[shown.getUTCDay(), shown.getUTCHours(), shown.getUTCMinutes()],
        ],
      );
    }),
    { numRuns: 2000 },
  );
});

test('what a wall shows leads back to every moment at which it shows that', () => {
  fc.assert(
    fc.property(places, ([zone, at]) => {
      const minute = at - (((at % 60_000) + 60_000) % 60_000);
      const { first, last } = instants(zone, minute + offsets[zone]!(minute));
      assert.ok(minute === first || minute === last);
      assert.ok(last - first <= hour);
      for (const each of [first, last])
        assert.equal(each + offsets[zone]!(each), minute + offsets[zone]!(minute), String(each));
    }),
    { numRuns: 1000 },
  );
});

const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

test('hours hold at exactly the minutes that they name, by an independent reckoning', () => {
  const ranges = fc.array(
    fc
      .record({
        days: fc.uniqueArray(fc.nat({ max: 6 }), { minLength: 1 }),
        from: fc.nat({ max: 1439 }),
        to: fc.nat({ max: 1440 }),
      })
      .filter(({ from, to }) => from !== to),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(ranges, places, (given, [zone, at]) => {
      const text = given.map(
        ({ days, from, to }) => `${days.map(d => names[d]).join(',')} ${clock(from)}-${clock(to)}`,
      );
      const written = `${text.join(', ')} ${zone}`;
      // Minutes of a week from Sunday, all of them that the text names.
      const minutes = new Set<number>();
      for (const { days, from, to } of given)
        for (const d of days)
          for (let m = from; m < (to > from ? to : to + 1440); m++) minutes.add((d * 1440 + m) % 10_080);
      const shown = new Date(at + offsets[zone]!(at));
      const now = shown.getUTCDay() * 1440 + shown.getUTCHours() * 60 + shown.getUTCMinutes();
      assert.equal(
        hoursHold(read(written), 'UTC', at),
        minutes.has(now),
        `${written} at ${new Date(at).toISOString()}`,
      );
      assert.equal(printHours(read(printHours(read(written)))), printHours(read(written)));
    }),
    { numRuns: 500 },
  );
});

test('an hour that the clock skips never comes, and one that it shows twice holds twice', () => {
  const night = 'sun 02:00-03:00 Europe/Berlin';
  // 29 March 2026: from 02:00 to 03:00 at 01:00 UTC. 25 October 2026: from 03:00 to 02:00 at 01:00 UTC.
  const minutes = (from: string): boolean[] =>
    Array.from({ length: 240 }, (_, i) => hoursHold(read(night), 'UTC', Date.parse(from) + i * 60_000));
  assert.equal(minutes('2026-03-28T23:00Z').filter(Boolean).length, 0);
  assert.equal(minutes('2026-10-24T23:00Z').filter(Boolean).length, 120);
  assert.equal(minutes('2026-07-04T23:00Z').filter(Boolean).length, 60);
});

test('hours without a time zone are in the operator’s, over midnight they belong to the day on which they begin', () => {
  assert.equal(holds('mon-fri 09:00-17:00', '2026-11-20T08:30Z', 'Europe/Berlin'), true);
  assert.equal(holds('mon-fri 09:00-17:00', '2026-11-20T08:30Z'), false);
  assert.equal(holds('mon-fri 09:00-17:00 Asia/Tokyo', '2026-11-20T08:30Z', 'Europe/Berlin'), false);
  assert.equal(holds('fri 22:00-06:00', '2026-11-21T05:59Z'), true);
  assert.equal(holds('fri 22:00-06:00', '2026-11-21T06:00Z'), false);
  assert.equal(holds('fri 22:00-06:00', '2026-11-20T05:00Z'), false);
  assert.equal(holds('sat,sun 00:00-24:00', '2026-11-22T23:59Z'), true);
  assert.equal(holds('fri-mon 00:00-24:00', '2026-11-24T00:00Z'), false);
});

test('hours have one spelling, whether they come as one text or as several', () => {
  const one = 'mon-fri 09:00-12:00, sat 10:00-14:00 Europe/Berlin';
  assert.equal(printHours(read(' Mon - Fri 09:00 - 12:00 ,SAT 10:00-14:00  Europe/Berlin')), one);
  assert.equal(printHours(read('mon,tue,wed,thu,fri 09:00-12:00', 'sat 10:00-14:00 Europe/Berlin')), one);
  assert.equal(printHours(read('22:00-06:00'), 'UTC'), '22:00-06:00 UTC');
  assert.equal(printHours(read('fri-mon,wed 00:00-24:00')), 'mon,wed,fri-sun 00:00-24:00');
});

test('hours that can be read in two ways, or not at all, are refused with a sentence for each fault', () => {
  const faults = (...texts: string[]): string => (parseHours(...texts).faults ?? []).join('\n');
  for (const [text, why] of [
    ['', /not understood/],
    ['mon-fri', /not understood/],
    ['9:00-17:00', /not understood/],
    ['mon-fri 09:00-17:00,', /not understood/],
    [',mon 09:00-17:00', /not understood/],
    ['mon-fri 09:00-17:00 Berlin', /"Berlin" is not a time zone/],
    ['mon-fri 09:00-17:00 +01:00', /not a time zone/],
    ['mon-fri 09:00-17:00 europe/berlin', /not a time zone/],
    ['mon-fri 09:00-25:00', /25:00 is not a time/],
    ['mon-fri 09:60-12:00', /09:60 is not a time/],
    ['mon-fri 24:00-12:00', /an end only/],
    ['mon-fri 09:00-09:00', /no time at all/],
    ['mon-fro 09:00-17:00', /"mon-fro" is not a day/],
    ['mon-fri 09:00-12:00, 13:00-17:00', /name the days of each/],
  ] as const)
    assert.match(faults(text), why, text);
  assert.equal(parseHours('mon-fro 24:00-12:00 Nowhere').faults?.length, 3);
  assert.match(faults('09:00-10:00 UTC', '11:00-12:00 Asia/Tokyo'), /one time zone/);
  assert.match(faults(...Array.from({ length: 17 }, () => '09:00-10:00')), /at most 16/);
  assert.match(faults('x'.repeat(400)), /longer than 300/);
});
