/**
 * GitHub: what the checks of a commit come to. `failure` if one failed, was cancelled, timed out or waits for somebody;
 * else `pending` if one has not ended; else `success`; `none` if there are none. Checks of apps and commit statuses count
 * alike. https://docs.github.com/rest/checks/runs, …/rest/commits/statuses
 */
import type { Fact, Value } from '../../src/model.js';

type Members = { readonly [name: string]: Value };

const members = (value: Value | undefined): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};

const passing: readonly Value[] = ['success', 'neutral', 'skipped'];

/** What all runs come to; undefined if there are more than one answer has, and none of these failed. */
export const checksOfRuns: Fact = answer => {
  const { total_count: total, check_runs: list } = members(answer);
  if (!Array.isArray(list)) return undefined;
  const runs = (list as readonly Value[]).map(members);
  const ended = runs.filter(run => run.status === 'completed');
  if (ended.some(run => !passing.includes(run.conclusion ?? null))) return 'failure';
  if (total !== runs.length) return undefined;
  if (ended.length < runs.length) return 'pending';
  return runs.length === 0 ? 'none' : 'success';
};

/** The worse of what the runs and the statuses come to; undefined if one of them is unknown. */
export const checksWithStatuses: Fact = (answer, { checks }) => {
  const { state, total_count: total } = members(answer);
  // Without any the state is `pending`.
  const statuses = total === 0 ? 'none' : state === 'error' ? 'failure' : state;
  const worst = ['failure', 'pending', 'success', 'none'];
  const of = [checks, statuses].map(one => worst.indexOf(String(one)));
  return of.includes(-1) ? undefined : worst[Math.min(...of)];
};

/** Names of users are the same in any case. */
export const author: Fact = answer => {
  const { login } = members(members(answer).user);
  return typeof login === 'string' ? login.toLowerCase() : undefined;
};
