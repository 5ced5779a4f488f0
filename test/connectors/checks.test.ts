/** What the checks of a commit come to, as GitHub's two answers about them say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checksOfRuns, checksWithStatuses } from '../../connectors/github/checks.js';
import type { Fact, Value } from '../../src/model.js';

const ask = (fact: Fact, answer: unknown, found: { readonly [name: string]: Value } = {}): Value | undefined => {
  assert.ok(typeof fact === 'function');
  return fact(answer as Value, found);
};

const run = (status: string, conclusion: string | null = null): object => ({ status, conclusion });
const ofRuns = (runs: readonly object[], total = runs.length): Value | undefined =>
  ask(checksOfRuns, { total_count: total, check_runs: runs });

test('runs have failed if one did, are pending if one has not ended, and else have succeeded; none is none', () => {
  const good = run('completed', 'success');
  assert.equal(ofRuns([]), 'none');
  assert.equal(ofRuns([good, run('completed', 'neutral'), run('completed', 'skipped')]), 'success');
  for (const status of ['queued', 'in_progress', 'waiting', 'requested', 'pending', 'unheard of'])
    assert.equal(ofRuns([good, run(status)]), 'pending');
  for (const conclusion of ['failure', 'cancelled', 'timed_out', 'action_required', 'stale', 'startup_failure', null])
    assert.equal(ofRuns([good, run('queued'), run('completed', conclusion)]), 'failure');
});

test('what is on another page of an answer is unknown, unless something failed on this one', () => {
  assert.equal(ofRuns([run('completed', 'success')], 101), undefined);
  assert.equal(ofRuns([run('queued')], 101), undefined);
  assert.equal(ofRuns([run('completed', 'failure')], 101), 'failure');
});

test('statuses count as runs do: the worse of both is what the checks come to', () => {
  const both = (checks: string, state: unknown, total = 1): Value | undefined =>
    ask(checksWithStatuses, { state, total_count: total }, { checks });
  assert.equal(both('success', 'success'), 'success');
  assert.equal(both('none', 'success'), 'success');
  assert.equal(both('success', 'pending', 0), 'success');
  assert.equal(both('none', 'pending', 0), 'none');
  assert.equal(both('success', 'pending'), 'pending');
  assert.equal(both('pending', 'success'), 'pending');
  assert.equal(both('pending', 'error'), 'failure');
  assert.equal(both('failure', 'success'), 'failure');
  assert.equal(both('success', 'unheard of'), undefined);
  assert.equal(ask(checksWithStatuses, { state: 'success', total_count: 1 }), undefined);
});

test('an answer of any other form tells nothing', () => {
  const known = ['success', 'failure', 'pending', 'none', undefined];
  fc.assert(
    fc.property(fc.jsonValue(), answer => {
      assert.equal(ask(checksOfRuns, answer), undefined);
      assert.equal(ask(checksWithStatuses, answer, { checks: 'success' }), undefined);
    }),
  );
  const run = fc.record({ status: fc.jsonValue(), conclusion: fc.jsonValue() }, { requiredKeys: [] });
  const answer = fc.record({ total_count: fc.jsonValue(), check_runs: fc.array(fc.oneof(run, fc.jsonValue())) });
  fc.assert(fc.property(answer, answer => assert.ok(known.includes(ask(checksOfRuns, answer) as string))));
});
