/** Replica: who is known and who may do what, as a worker process has it: what the parent said last. */
import type { Freeze, Gateway, Kill, Permission } from '../model.js';
import { Bearers, limit, type StoredGrant } from './bearers.js';
import { awaken, type InternalRun } from './internal.js';
import { openVerifier, type PublicKey } from './keys.js';
import { type KillSwitch, openKillSwitch } from './kill.js';
import { digest, type Run, type Runs, revive } from './runs.js';
import type { StoredRun } from './state.js';

/** Everything that a request's way depends on, but secrets and policy. */
export interface Snapshot {
  readonly runs: readonly StoredRun[];
  readonly gateways: readonly Gateway[];
  readonly permissions: readonly Permission[];
  readonly kills: readonly Kill[];
  readonly freezes: readonly Freeze[];
  readonly keys: readonly PublicKey[];
  readonly grants: readonly StoredGrant[];
  /** Runs in which the parent itself sends something. */
  readonly internals: readonly InternalRun[];
}

/** What the data path asks of it. */
export class Replica {
  #snapshot: Snapshot = {
    runs: [],
    gateways: [],
    permissions: [],
    kills: [],
    freezes: [],
    keys: [],
    grants: [],
    internals: [],
  };
  #runs = new Map<string, Run>();
  #tokens = new Map<string, Run>();
  #internals = new Map<string, Run>();
  #owners = new Map<string, Gateway>();
  readonly #bearers = new Bearers(
    id => this.#runs.get(id),
    name => this.#owners.get(name),
  );
  #kill: KillSwitch = openKillSwitch(null);
  #keys = openVerifier([]);

  /** Takes over a snapshot. Runs that are in it no more have ended, for whoever holds them too. */
  take(snapshot: Snapshot): void {
    // Reading a key costs more than all the rest.
    if (JSON.stringify(snapshot.keys) !== JSON.stringify(this.#snapshot.keys)) this.#keys = openVerifier(snapshot.keys);
    this.#snapshot = snapshot;
    this.#kill = openKillSwitch({ kills: { all: () => [...snapshot.kills], put() {}, remove: () => false } });
    this.#owners = new Map(snapshot.gateways.map(gateway => [gateway.name, gateway]));
    const runs = new Map<string, Run>();
    for (const stored of snapshot.runs) {
      const owner = this.#owners.get(stored.gateway);
      if (owner === undefined) continue;
      // The same object as before, so that its printed form is kept; its process, for one, may be known only now.
      const run = this.#runs.get(stored.id) ?? revive(stored, owner);
      run.stored = stored;
      runs.set(stored.id, run);
    }
    for (const [id, run] of this.#runs) if (!runs.has(id)) run.ended = true;
    this.#runs = runs;
    this.#tokens = new Map([...runs.values()].map(run => [run.stored.token_sha256, run]));
    const kept = new Set(snapshot.grants.map(({ grant }) => grant.id));
    for (const { grant } of [...this.#bearers.all()]) if (!kept.has(grant.id)) this.#bearers.drop(grant.id);
    for (const stored of snapshot.grants) this.#bearers.put(stored);
    for (const run of runs.values()) limit(run, id => this.#bearers.find(id));
    const before = this.#internals;
    this.#internals = new Map();
    for (const told of snapshot.internals) {
      const { token_sha256, gateway } = told.stored;
      const owner = this.#owners.get(gateway);
      if (owner !== undefined) this.#internals.set(token_sha256, before.get(token_sha256) ?? awaken(told, owner));
    }
  }

  readonly runs: Pick<Runs, 'byToken' | 'find' | 'list'> = {
    list: () => [...this.#runs.values()],
    byToken: token => {
      const key = digest(token);
      return this.#tokens.get(key) ?? this.#internals.get(key) ?? this.#bearers.byToken(token);
    },
    find: id =>
      this.#runs.get(id) ??
      this.#bearers.own(id) ??
      [...this.#internals.values()].find(({ stored }) => stored.id === id),
  };

  readonly grants = { live: (id: string): boolean => this.#bearers.live(id, Date.now()) };

  readonly kill: Pick<KillSwitch, 'check'> = { check: to => this.#kill.check(to) };

  /** Checks what the parent has signed. */
  readonly keys: ReturnType<typeof openVerifier> = {
    verify: (gateway, bytes, signature) => this.#keys.verify(gateway, bytes, signature),
  };

  get freezes(): readonly Freeze[] {
    return this.#snapshot.freezes;
  }

  readonly gateways = {
    list: (): Gateway[] => [...this.#snapshot.gateways],
    find: (name: string): Gateway | undefined => this.#owners.get(name),
    permissions: (gateway?: string): Permission[] =>
      this.#snapshot.permissions.filter(permission => gateway === undefined || permission.gateway === gateway),
  };
}
