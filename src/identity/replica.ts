/** Replica: who is known and who may do what, as a worker process has it: what the parent said last. */
import type { Gateway, Kill, Permission } from '../model.js';
import { type KillSwitch, openKillSwitch } from './kill.js';
import { digest, type Run, type Runs, revive } from './runs.js';
import type { StoredRun } from './state.js';

/** Everything that a request's way depends on, but secrets and policy. */
export interface Snapshot {
  readonly runs: readonly StoredRun[];
  readonly gateways: readonly Gateway[];
  readonly permissions: readonly Permission[];
  readonly kills: readonly Kill[];
}

/** What the data path asks of it. */
export class Replica {
  #snapshot: Snapshot = { runs: [], gateways: [], permissions: [], kills: [] };
  #runs = new Map<string, Run>();
  #tokens = new Map<string, Run>();
  #kill: KillSwitch = openKillSwitch(null);

  /** Takes over a snapshot. Runs that are in it no more have ended, for whoever holds them too. */
  take(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#kill = openKillSwitch({ kills: { all: () => [...snapshot.kills], put() {}, remove: () => false } });
    const owners = new Map(snapshot.gateways.map(gateway => [gateway.name, gateway]));
    const runs = new Map<string, Run>();
    for (const stored of snapshot.runs) {
      const owner = owners.get(stored.gateway);
      // The same object as before, so that its printed form is kept.
      if (owner !== undefined) runs.set(stored.id, this.#runs.get(stored.id) ?? revive(stored, owner));
    }
    for (const [id, run] of this.#runs) if (!runs.has(id)) run.ended = true;
    this.#runs = runs;
    this.#tokens = new Map([...runs.values()].map(run => [run.stored.token_sha256, run]));
  }

  readonly runs: Pick<Runs, 'byToken' | 'find'> = {
    byToken: token => this.#tokens.get(digest(token)),
    find: id => this.#runs.get(id),
  };

  readonly kill: Pick<KillSwitch, 'check'> = { check: to => this.#kill.check(to) };

  readonly gateways = {
    list: (): Gateway[] => [...this.#snapshot.gateways],
    permissions: (gateway?: string): Permission[] =>
      this.#snapshot.permissions.filter(permission => gateway === undefined || permission.gateway === gateway),
  };
}
