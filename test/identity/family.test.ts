import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { family, inScope, scopesBelow } from '../../src/control/family.js';
import { openRuns, type Runs } from '../../src/identity/runs.js';
import { openState, type State } from '../../src/identity/state.js';
import type { Gateway } from '../../src/model.js';

const gateway = (name: string): Gateway => ({ name, description: '', environment: '', labels: {}, created_at: '' });

/** Runs over a state in a directory of their own, and the same opened again when only some processes live on. */
function place(work: (open: (alive: (name: string) => boolean) => Runs) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'tf-family-'));
  let state: State | null = null;
  try {
    work(alive => {
      state?.close();
      state = openState(join(dir, 'state.db'));
      let now = 1_700_000_000_000;
      return openRuns(
        state,
        gateway,
        stored => alive(stored.gateway),
        () => now++,
      );
    });
  } finally {
    (state as State | null)?.close();
    rmSync(dir, { recursive: true });
  }
}

function three(runs: Runs) {
  const fields = { pid: null, user: { sub: 'u' }, workload: {} };
  const { run: top } = runs.start(gateway('top'), fields);
  const { run: middle } = runs.start(gateway('middle'), { ...fields, parent: top });
  const { run: low } = runs.start(gateway('low'), { ...fields, parent: middle });
  const { run: other } = runs.start(gateway('middle'), fields);
  return { top, middle, low, other };
}

test('what stops a run or a gateway stops each run below it by itself, and nothing beside it', () =>
  place(open => {
    const runs = open(() => true);
    const { top, middle, low, other } = three(runs);
    const names = (scope: Parameters<typeof inScope>[1]) =>
      runs
        .list()
        .filter(run => inScope(run, scope))
        .map(({ stored }) => stored.id);
    assert.deepEqual(names({ kind: 'run', name: middle.stored.id }), [middle.stored.id, low.stored.id]);
    assert.deepEqual(
      names({ kind: 'gateway', name: 'middle' }),
      [middle, low, other].map(({ stored }) => stored.id),
    );
    assert.deepEqual(names({ kind: 'connector', name: 'github' }), []);
    const below = (scope: Parameters<typeof inScope>[1]) => scopesBelow(runs.list(), scope);
    assert.deepEqual(below({ kind: 'gateway', name: 'middle' }), [{ kind: 'run', name: low.stored.id }]);
    assert.deepEqual(below({ kind: 'run', name: low.stored.id }), []);
    assert.deepEqual(below({ kind: 'all' }), []);
    assert.deepEqual(
      family(runs.list(), top.stored.id).map(({ stored }) => stored.gateway),
      ['low', 'middle', 'top'],
    );
  }));

test('a run whose parent has ended while the proxy was away does not come back with it', () =>
  place(open => {
    three(open(() => true));
    assert.deepEqual(
      open(() => true)
        .list()
        .map(({ stored }) => stored.gateway),
      ['top', 'middle', 'low', 'middle'],
    );
    assert.deepEqual(
      open(name => name !== 'top')
        .list()
        .map(({ stored }) => stored.chain.join()),
      ['middle'],
    );
  }));
