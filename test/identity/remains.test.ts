import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Process, Processes } from '../../src/identity/processes.js';
import { type Left, openRemains } from '../../src/identity/remains.js';
import type { Shelf, StoredRun } from '../../src/identity/state.js';
import { until } from '../faults/waiting.js';

/** init, and a login that is older than everything. */
const older = [
  { pid: 1, parent: 0, started: 0 },
  { pid: 10, parent: 1, started: 5 },
];

function world(...more: Process[]) {
  const all = new Map([...older, ...more].map(process => [process.pid, process]));
  const table: Processes = {
    known: true,
    read: pid => all.get(pid) ?? null,
    place: () => ({ cgroup: 'session', user: 1000 }),
    declaredRun: () => null,
    holds: () => false,
  };
  const kept = new Map<string, Left>();
  const shelf: Shelf<Left> = {
    all: () => [...kept.values()],
    put: (key, left) => void kept.set(key, left),
    remove: key => kept.delete(key),
  };
  const open = (boot = 'now') => openRemains(shelf, boot, table, () => [...all.keys()]);
  return { all, kept, open };
}

const run = {
  id: 'run_1',
  pid: 21,
  runs: ['run_1'],
  footprint: { started: 60, cgroup: 'session', user: 1000 },
} as unknown as StoredRun;

test('of a run that has left nothing but what waits for its parent, nothing is kept', () => {
  const { kept, open } = world(
    { pid: 21, parent: 10, started: 60, zombie: true },
    { pid: 30, parent: 10, started: 70 },
  );
  const remains = open();
  remains.add(run);
  assert.deepEqual([remains.list(), kept.size], [[], 0]);
});

test('a run that has left a process is kept until that has gone, also by the next proxy', async () => {
  for (const left of [
    { pid: 21, parent: 1, started: 60 },
    { pid: 40, parent: 1, started: 90 },
    { pid: 40, parent: 21, started: 90 },
  ]) {
    const { all, kept, open } = world({ pid: 21, parent: 10, started: 60 }, left);
    const first = open();
    first.add(run);
    first.close();
    assert.deepEqual(
      first.list().map(({ id }) => id),
      ['run_1'],
    );
    const next = open();
    assert.equal(next.list().length, 1);
    // Another process goes on where it was.
    all.delete(21);
    all.delete(40);
    all.set(41, { pid: 41, parent: 1, started: 95 });
    assert.equal(open().list().length, 1);
    all.delete(41);
    await until(() => next.list().length === 0);
    next.close();
    assert.equal(kept.size, 0);
  }
});

test('what was left before the system was started again is forgotten', () => {
  const { kept, open } = world({ pid: 21, parent: 1, started: 60 });
  const first = open();
  first.add(run);
  first.close();
  assert.equal(kept.size, 1);
  assert.deepEqual(open('later').list(), []);
  assert.equal(kept.size, 0);
});

test('what this proxy itself has started is no remains of a run', () => {
  const { open } = world({ pid: process.pid, parent: 1, started: 70 }, { pid: 50, parent: process.pid, started: 80 });
  const remains = open();
  remains.add(run);
  assert.deepEqual(remains.list(), []);
});
