import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Processes } from '../../src/identity/processes.js';
import { type Inhabited, standing } from '../../src/identity/standing.js';

interface Invented {
  readonly parent: number;
  readonly started: number;
  readonly cgroup?: string;
  readonly user?: number;
  readonly run?: string;
}

/** A table of processes as a kernel could have it; they are in one cgroup and of one user if they say nothing else. */
const table = (all: Readonly<Record<number, Invented>>): Processes => ({
  known: true,
  read: pid => (all[pid] === undefined ? null : { pid, parent: all[pid].parent, started: all[pid].started }),
  place: pid => (all[pid] === undefined ? null : { cgroup: all[pid].cgroup ?? 'session', user: all[pid].user ?? 1000 }),
  declaredRun: pid => all[pid]?.run ?? null,
  holds: () => false,
});

const run = (id: string, pid: number, started: number, parents: readonly string[] = []): Inhabited => ({
  id,
  pid,
  runs: [...parents, id],
  footprint: { started, cgroup: 'session', user: 1000 },
});

/** init, a login that is older than everything, a shell in it, and under that a run's supervisor and agent. */
const base = {
  1: { parent: 0, started: 0, cgroup: 'init', user: 0 },
  10: { parent: 1, started: 5, user: 0 },
  11: { parent: 10, started: 6 },
  20: { parent: 11, started: 50 },
  21: { parent: 20, started: 60 },
};
const a = run('a', 21, 60);

const where = (
  more: Readonly<Record<number, Invented>>,
  runs: readonly Inhabited[] = [a],
  claim: string | null = null,
) => standing(99, claim, runs, table({ ...base, ...more }));

test('a descendant of a run stands in it, whatever its environment and whoever asks says', () => {
  const child = { 99: { parent: 21, started: 70 } };
  assert.deepEqual(where(child), { run: 'a', how: 'ancestry', sure: true });
  assert.equal(where(child, [a, run('b', 500, 10)], 'b')?.run, 'a');
  assert.equal(where({ 99: { parent: 21, started: 70, run: 'b' } }, [a, run('b', 500, 10)])?.run, 'a');
  assert.equal(where(child, [a], 'no-such-run')?.run, 'a');
});

test('of nested runs the innermost counts, and a claim may only lead further inside', () => {
  const b = run('b', 31, 80, ['a']);
  const nested = { 30: { parent: 21, started: 75 }, 31: { parent: 30, started: 80 } };
  assert.equal(where({ ...nested, 99: { parent: 31, started: 90 } }, [a, b])?.run, 'b');
  assert.equal(where({ ...nested, 99: { parent: 31, started: 90 } }, [b, a], 'a')?.run, 'b');
  assert.equal(where({ ...nested, 99: { parent: 21, started: 90 } }, [a, b])?.run, 'a');
  assert.equal(where({ ...nested, 99: { parent: 21, started: 90 } }, [a, b], 'b')?.run, 'b');
});

test('an agent that is itself the supervisor of another run: what it starts stands in that one', () => {
  const b: Inhabited = { ...run('b', 21, 60, ['a']), starting: true };
  for (const runs of [
    [a, b],
    [b, a],
  ])
    assert.equal(where({ 99: { parent: 21, started: 90 } }, runs)?.run, 'b');
  assert.equal(standing(21, null, [a, b], table(base))?.run, 'a');
});

test('a number that was used again is not the run: the start tells them apart', () => {
  const later = run('a', 21, 10);
  assert.equal(
    where({ 99: { parent: 21, started: 70 } }, [
      { ...later, footprint: { ...later.footprint!, started: 61, cgroup: 'x' } },
    ]),
    null,
  );
});

test('an orphan in the cgroup of a run that began after it may be what the run left behind', () => {
  assert.deepEqual(where({ 99: { parent: 1, started: 70 } }), { run: 'a', how: 'remains', sure: true });
  const manager = { 5: { parent: 1, started: 3, cgroup: 'manager' } };
  assert.equal(where({ ...manager, 99: { parent: 5, started: 70 } })?.run, 'a');
  assert.equal(where({ 50: { parent: 1, started: 65 }, 99: { parent: 50, started: 70 } })?.run, 'a');
  const b = run('b', 41, 65);
  assert.deepEqual(where({ 99: { parent: 1, started: 70 } }, [a, b])?.sure, false);
  assert.deepEqual(where({ 99: { parent: 1, started: 70 } }, [a, run('b', 41, 65, ['a'])]), {
    run: 'b',
    how: 'remains',
    sure: true,
  });
});

test('operators work on: an older shell, another session, a service, a login of root, and who entered a container', () => {
  assert.equal(where({ 99: { parent: 11, started: 70 } }), null);
  assert.equal(where({ 99: { parent: 1, started: 70, cgroup: 'cron' } }), null);
  assert.equal(
    where({ 50: { parent: 1, started: 65, cgroup: 'other' }, 99: { parent: 50, started: 70, cgroup: 'other' } }),
    null,
  );
  assert.equal(where({ 50: { parent: 1, started: 65, user: 0 }, 99: { parent: 50, started: 70 } }), null);
  assert.equal(where({ 99: { parent: 0, started: 70 } }), null);
  assert.equal(where({ 99: { parent: 1, started: 40 } }), null);
});

test('one whose ancestors can not be followed is not let out for that', () => {
  assert.equal(where({ 99: { parent: 98, started: 70 } })?.how, 'remains');
  const deep = Object.fromEntries(
    Array.from({ length: 1_100 }, (_, i) => [1_000 + i, { parent: i === 0 ? 21 : 999 + i, started: 70 }]),
  );
  assert.equal(where({ ...deep, 99: { parent: 2_099, started: 80 } })?.run, 'a');
});

test('without a kernel that tells, what is claimed counts', () => {
  const blind: Processes = { ...table(base), known: false };
  assert.deepEqual(standing(99, 'a', [a], blind), { run: 'a', how: 'claim', sure: true });
  assert.equal(standing(99, null, [a], blind), null);
});

test('whatever a process claims, it never stands in another run than without that, or outside', () => {
  const b = run('b', 31, 80, ['a']);
  const c = run('c', 41, 62);
  const nested = { 30: { parent: 21, started: 75 }, 31: { parent: 30, started: 80 }, 41: { parent: 11, started: 62 } };
  fc.assert(
    fc.property(
      fc.constantFrom(1, 11, 21, 30, 31, 41),
      fc.option(fc.constantFrom('a', 'b', 'c', 'gone')),
      fc.option(fc.constantFrom('a', 'b', 'c', 'gone')),
      (parent, declared, claim) => {
        const bare = where({ ...nested, 99: { parent, started: 90 } }, [a, b, c]);
        const said = where(
          { ...nested, 99: { parent, started: 90, ...(declared === null ? {} : { run: declared }) } },
          [a, b, c],
          claim,
        );
        if (bare === null) return;
        assert.ok(said !== null);
        const runs = [a, b, c].find(({ id }) => id === said.run)?.runs ?? [];
        assert.ok(runs.includes(bare.run), `${bare.run} became ${said.run}`);
      },
    ),
    { numRuns: 300 },
  );
});
