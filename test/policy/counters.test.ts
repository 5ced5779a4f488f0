/** Counters: requests of a gateway in a minute and an hour, and the same ones of a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CanonicalRequest, Classified } from '../../src/model.js';
import { openCounters, sameness, toData } from '../../src/policy/index.js';
import { parseRepeats, repeatsIn } from '../../src/policy/repeats.js';
import { ask, permission } from './question.js';

const start = Date.UTC(2026, 10, 20, 11, 59, 30);

test('requests are counted by gateway, in minutes and hours of UTC', () => {
  const counters = openCounters(start);
  const count = (seconds: number, gateway = 'g') => counters.count(gateway, null, start + seconds * 1000);
  assert.deepEqual(count(0), { minute: 1, hour: 1 });
  assert.deepEqual(count(1), { minute: 2, hour: 2 });
  assert.deepEqual(count(1, 'other'), { minute: 1, hour: 1 });
  assert.deepEqual(count(30), { minute: 1, hour: 1 });
  assert.deepEqual(count(91), { minute: 1, hour: 2 });
  assert.deepEqual(counters.read('g', start + 91_000), { minute: 1, hour: 2, whole: true });
  assert.deepEqual(counters.read('nobody', start), { minute: 0, hour: 0, whole: false });
});

test('what was decided before a restart counts on, once, and only what is of this minute and hour', () => {
  const minute = Math.floor(start / 60_000);
  let read = 0;
  const counters = openCounters(start, () => {
    read++;
    return [
      { gateway: 'g', minute, count: 3 },
      { gateway: 'g', minute: minute - 5, count: 10 },
      { gateway: 'g', minute: minute - 60, count: 100 },
      { gateway: 'other', minute, count: 7 },
    ];
  });
  assert.deepEqual(counters.count('g', null, start), { minute: 1, hour: 1 });
  assert.equal(read, 0);
  counters.recall(start);
  counters.recall(start);
  assert.deepEqual(counters.count('g', null, start), { minute: 5, hour: 15 });
  assert.deepEqual(counters.read('other', start), { minute: 7, hour: 7, whole: true });
  assert.equal(read, 1);
});

test('the same request is counted over the last minute and hour, whatever the clock shows', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat({ max: 900_000 })), { maxLength: 60 }), given => {
      const counters = openCounters(start);
      const seen: [string, number][] = [];
      let now = start;
      for (const [same, wait] of given) {
        now += wait;
        seen.push([same, now]);
        const since = (ms: number) => seen.filter(([each, at]) => each === same && at > now - ms).length;
        const { same: brief, same_hour: long } = counters.count('g', same, now);
        assert.deepEqual([brief, long], [since(60_000), since(3_600_000)]);
      }
    }),
    { numRuns: 200 },
  );
});

test('more of the same than any limit is not remembered', () => {
  const counters = openCounters(start);
  for (let i = 0; i < 150; i++) counters.count('g', 'x', start + i);
  assert.deepEqual(counters.count('g', 'x', start + 150), { minute: 151, hour: 151, same: 101, same_hour: 101 });
});

test('two requests are the same if nothing of what they do differs, and nobody can tell of a body that was not read', () => {
  const request = {
    ...{ method: 'POST', scheme: 'https', host: 'api.github.com', port: 443, path: '/a', query: 'page=1', fields: [] },
    ...{ body: { state: 'complete', bytes: 2, sha256: 'ab' }, content: null, upgrade: null },
  } as CanonicalRequest;
  const { action, resource } = ask();
  const meaning = { action, resource } as Classified;
  const one = sameness('run_1', request, meaning);
  assert.equal(sameness('run_1', { ...request, fields: [['Idempotency-Key', '7']] }, meaning), one);
  const deed = sameness('run_1', null, meaning);
  assert.equal(sameness('run_1', null, { action: { ...action }, resource: { ...resource } }), deed);
  const others = [
    deed,
    sameness('run_2', request, meaning),
    sameness('run_1', { ...request, query: 'page=2' }, meaning),
    sameness('run_1', { ...request, path: '/b' }, meaning),
    sameness('run_1', { ...request, body: { ...request.body, sha256: 'cd' } }, meaning),
    sameness('run_1', request, { ...meaning, action: { ...action, parameters: { title: 'x' } } }),
    sameness('run_1', request, { ...meaning, also: [meaning] }),
  ];
  assert.equal(new Set([one, ...others]).size, 8);
  assert.equal(sameness('run_1', { ...request, body: { state: 'truncated', bytes: 9 } }, meaning), null);
});

test('a loop is suspected beyond what the permission takes that may allow it, of the gateway or of a parent', () => {
  const data = toData(
    [
      permission({ id: 'perm_1', action: 'github.*', repeats: '3/min' }),
      permission({ id: 'perm_2', action: 'github.issue.create' }),
      permission({ id: 'perm_3', action: 'github.pr.*', where: 'x == 1' }),
      permission({ id: 'perm_4', gateway: 'parent', action: '*', repeats: '9/hour' }),
    ],
    [],
  );
  const repeats = repeatsIn(data, false);
  const exceeded = (name: string, same: number, chain = ['g'], same_hour = same): boolean =>
    repeats.exceeded(ask({ name, chain }), { same, same_hour });
  assert.deepEqual([exceeded('github.repo.get', 3), exceeded('github.repo.get', 4)], [false, true]);
  assert.equal(exceeded('github.issue.create', 50), false);
  assert.equal(exceeded('github.pr.merge', 4), true);
  assert.equal(exceeded('stripe.charge.create', 50), false);
  assert.deepEqual(
    [exceeded('stripe.x', 9, ['parent', 'g']), exceeded('stripe.x', 1, ['parent', 'g'], 10)],
    [false, true],
  );
  assert.deepEqual(
    [repeats.counted(['g']), repeats.counted(['other']), repeats.counted(['parent', 'other'])],
    [true, false, true],
  );
  assert.equal(repeatsIn(toData([permission()], []), false).counted(['g']), false);
  assert.equal(repeatsIn(toData([permission()], []), true).counted(['g']), true);
  assert.match(String(parseRepeats('100/min')), /from 1 to 99/);
});
