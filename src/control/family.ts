/** Family: runs and those that were started from them. What stops or ends one does so to all below it. */
import type { Run } from '../identity/runs.js';
import type { KillScope } from '../model.js';

/** Whether a scope covers a run: by itself, or by one that it was started from. */
export const inScope = ({ stored }: Run, scope: KillScope): boolean =>
  scope.kind === 'all' ||
  (scope.kind === 'run' && stored.runs.includes(scope.name)) ||
  (scope.kind === 'gateway' && stored.chain.includes(scope.name));

/** A run and all below it, the innermost first. */
export const family = (runs: readonly Run[], id: string): Run[] =>
  runs.filter(({ stored }) => stored.runs.includes(id)).sort((a, b) => b.stored.runs.length - a.stored.runs.length);

/**
 * The scopes that a stop of `scope` takes: leases, tokens and connections belong to one run or gateway alone, so each run
 * below is a scope of its own.
 */
export const scopesBelow = (runs: readonly Run[], scope: KillScope): KillScope[] =>
  scope.kind === 'all'
    ? []
    : runs
        .filter(run => inScope(run, scope))
        .filter(
          ({ stored }) => (scope.kind === 'run' ? stored.id : stored.gateway) !== (scope as { name?: string }).name,
        )
        .map(({ stored }) => ({ kind: 'run', name: stored.id }));
