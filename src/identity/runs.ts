/** Runs: one `tf run` each, recognised by a token that lives as long as the run and is stored only as a hash. */
import { createHash, randomBytes } from 'node:crypto';
import { ulids } from '../log/index.js';
import type { Agent, Caller, Gateway, Grant, Subject, User } from '../model.js';
import type { Binding, Voided } from './binding.js';
import type { Signature } from './keys.js';
import { footprint } from './processes.js';
import type { State, StoredRun } from './state.js';

/** A run that is alive. `subject` is frozen and the same object on every request, so that its printed form can be kept. */
export interface Run extends Caller {
  stored: StoredRun;
  grants: readonly Grant[];
  ended: boolean;
  /** Why it has ended, as a sentence, where that isn't just that it is over. */
  why?: string;
}

/** What `tf run` says about itself. */
export interface RunFields {
  readonly pid: number | null;
  readonly user: User;
  readonly agent?: Agent;
  readonly workload: StoredRun['workload'];
  readonly binding?: Binding;
  /** The run that it was started from, and whose limits are its own too. */
  readonly parent?: Run;
  readonly upstream?: NonNullable<StoredRun['upstream']>;
}

/** The runs of this proxy. */
export interface Runs {
  list(): Run[];
  find(id: string): Run | undefined;
  /** The run whose token this is, or undefined. Looks up a hash, so time says nothing about the token. */
  byToken(token: string): Run | undefined;
  /** The run whose supervisor's secret this is, or undefined. */
  bySupervisor(secret: string): Run | undefined;
  /** Starts a run; token and supervisor's secret (256 random bits each, base64url) are returned once and kept nowhere. */
  start(gateway: Gateway, fields: RunFields): { run: Run; token: string; supervisor: string };
  end(id: string): Run | undefined;
  /** Notes the process that the run consists of. */
  setPid(id: string, pid: number): void;
  /** Notes that a run is void, and why. */
  void(id: string, why: Voided): void;
  /** Puts all of a run under one more grant. */
  limit(id: string, grant: Grant): void;
}

/** Hex SHA-256 of a token: all that is kept of it. */
export const digest = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The run that was stored, alive; `grants` limit all of it. */
export function revive(stored: StoredRun, gateway: Gateway, grants: readonly Grant[] = []): Run {
  const subject: Subject = deepFreeze({
    type: 'agent',
    id: gateway.name,
    environment: gateway.environment,
    labels: { ...gateway.labels },
    run: stored.id,
    chain: stored.chain,
    runs: stored.runs,
    user: stored.user,
    ...(stored.agent && { agent: stored.agent }),
    workload: stored.workload,
    ...(stored.signature && { signature: stored.signature }),
  });
  return { stored, subject, grants, ended: false };
}

/** A copy that nobody can change: its printed form is kept. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(deepFreeze)) as T;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, each]) => [name, deepFreeze(each)]))) as T;
}

/**
 * `alive` says whether the process of a run that was stored before a restart still lives; `over` is told of each that has ended,
 * while it is still there.
 */
export function openRuns(
  state: State,
  gateway: (name: string) => Gateway | undefined,
  alive: (run: StoredRun) => boolean,
  now: () => number,
  sign: ((subject: Subject) => Signature) | null = null,
  over: (run: StoredRun) => void = () => {},
): Runs {
  const nextId = ulids(now, randomBytes);
  const runs = new Map<string, Run>();
  const tokens = new Map<string, Run>();
  const add = (run: Run): void => {
    runs.set(run.stored.id, run);
    tokens.set(run.stored.token_sha256, run);
  };
  for (const stored of state.runs.all()) {
    const owner = gateway(stored.gateway);
    // In the order of their starts: whoever a run was started from is there already, or is no more.
    const orphaned = stored.runs?.slice(0, -1).some(parent => !runs.has(parent)) ?? true;
    if (owner !== undefined && !orphaned && alive(stored)) add(revive(stored, owner));
    else {
      over(stored);
      state.runs.remove(stored.id);
    }
  }
  return {
    list: () => [...runs.values()],
    find: id => runs.get(id),
    byToken: token => tokens.get(digest(token)),
    bySupervisor: secret => {
      const hash = digest(secret);
      return [...runs.values()].find(({ stored }) => stored.supervisor_sha256 === hash);
    },
    start(owner, fields) {
      const token = randomBytes(32).toString('base64url');
      const supervisor = randomBytes(32).toString('base64url');
      const id = `run_${nextId()}`;
      const { parent } = fields;
      const print = fields.pid === null ? null : footprint(fields.pid);
      const unsigned: StoredRun = {
        id,
        gateway: owner.name,
        token_sha256: digest(token),
        supervisor_sha256: digest(supervisor),
        pid: fields.pid,
        starting: true,
        ...(print && { footprint: print }),
        started_at: new Date(now()).toISOString(),
        chain: [...(parent?.stored.chain ?? []), owner.name],
        runs: [...(parent?.stored.runs ?? []), id],
        workload: fields.workload,
        user: fields.user,
        ...(fields.agent && { agent: fields.agent }),
        ...(fields.binding && { binding: fields.binding }),
        ...(parent !== undefined && parent.grants.length > 0 && { grants: parent.grants.map(grant => grant.id) }),
        ...(fields.upstream === undefined ? {} : { upstream: fields.upstream }),
      };
      const stored = sign === null ? unsigned : { ...unsigned, signature: sign(revive(unsigned, owner).subject) };
      state.runs.put(stored.id, stored);
      const run = revive(stored, owner, parent?.grants);
      add(run);
      return { run, token, supervisor };
    },
    setPid(id, pid) {
      const run = runs.get(id);
      if (run === undefined) return;
      const { starting: _, ...stored } = run.stored;
      // Where it lives stays what it was at the start: an agent could leave its cgroup before it is asked.
      const print = stored.footprint && footprint(pid);
      run.stored = {
        ...stored,
        pid,
        ...(print && stored.footprint && { footprint: { ...stored.footprint, started: print.started } }),
      };
      state.runs.put(id, run.stored);
    },
    void(id, why) {
      const run = runs.get(id);
      if (run === undefined) return;
      run.stored = { ...run.stored, void: why };
      state.runs.put(id, run.stored);
    },
    limit(id, grant) {
      const run = runs.get(id);
      if (run === undefined) return;
      run.stored = { ...run.stored, grants: [...(run.stored.grants ?? []), grant.id] };
      state.runs.put(id, run.stored);
      run.grants = [...run.grants, grant];
    },
    end(id) {
      const run = runs.get(id);
      if (run === undefined) return undefined;
      run.ended = true;
      over(run.stored);
      runs.delete(id);
      tokens.delete(run.stored.token_sha256);
      state.runs.remove(id);
      return run;
    },
  };
}
