/**
 * The kill switch: the state that stops a gateway, a connector, a run or everything. It wins over every permission, it
 * is kept over restarts, and state that can't be read counts as active.
 */
import { Refusal } from '../errors.js';
import type { Kill, KillScope, Subject } from '../model.js';
import { type State, scopeKey } from './state.js';

/** What a request belongs to, as far as it is known: to its own gateway and run and to all their parents. */
export interface Belongs {
  readonly gateways: readonly string[];
  readonly runs: readonly string[];
  readonly grants: readonly string[];
  readonly connector: string | null;
}

/** What belongs to one gateway and run of which nothing else is known. */
export const alone = (gateway: string, run: string, connector: string | null): Belongs => ({
  gateways: [gateway],
  runs: [run],
  grants: [],
  connector,
});

/** What a request of this subject to this connector belongs to. */
export const belonging = ({ chain, runs }: Subject, connector: string | null): Belongs => ({
  gateways: chain,
  runs,
  grants: [],
  connector,
});

/** Whether a scope covers what a request belongs to. */
export function covers(scope: KillScope, to: Belongs): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'connector':
      return to.connector === scope.name;
    case 'gateway':
      return to.gateways.includes(scope.name);
    case 'run':
      return to.runs.includes(scope.name);
    case 'grant':
      return to.grants.includes(scope.name);
  }
}

/** The switches. */
export interface KillSwitch {
  active(): Kill[];
  /** Throws `Refusal` (`killed`) if a switch covers this. */
  check(to: Belongs): void;
  /** Acts at once, in memory; a failure to write it down is thrown after it has taken effect. */
  activate(scope: KillScope, reason: string, by: string, now: number): Kill;
  /** Returns the switch that was lifted, or undefined if there was none. */
  deactivate(scope: KillScope): Kill | undefined;
}

/** `state` null: it could not be read, so everything is stopped. */
export function openKillSwitch(state: Pick<State, 'kills'> | null): KillSwitch {
  const switches = new Map<string, Kill>();
  const unreadable: Kill = {
    scope: { kind: 'all' },
    reason: 'the state of the kill switch could not be read',
    since: '',
    by: 'tollfence',
  };
  try {
    if (state === null) throw new Error('unreadable');
    for (const kill of state.kills.all()) switches.set(scopeKey(kill.scope), kill);
  } catch {
    switches.set('all', unreadable);
  }
  return {
    active: () => [...switches.values()],
    check(to) {
      if (switches.size === 0) return;
      for (const kill of switches.values()) {
        if (!covers(kill.scope, to)) continue;
        const what = kill.scope.kind === 'all' ? 'Everything' : `The ${kill.scope.kind} ${kill.scope.name}`;
        throw new Refusal(
          'killed',
          `${what} was stopped by the kill switch${kill.reason ? `: ${kill.reason.replace(/\.$/, '')}` : ''}.`,
          { rule: `kill:${scopeKey(kill.scope)}` },
        );
      }
    },
    activate(scope, reason, by, now) {
      const kill: Kill = { scope, reason, since: new Date(now).toISOString(), by };
      switches.set(scopeKey(scope), kill);
      state?.kills.put(scopeKey(scope), kill);
      return kill;
    },
    deactivate(scope) {
      const kill = switches.get(scopeKey(scope));
      if (kill === undefined) return undefined;
      state?.kills.remove(scopeKey(scope));
      switches.delete(scopeKey(scope));
      return kill;
    },
  };
}
