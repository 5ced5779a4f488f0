/** Runs: one `tf run` each, recognised by a token that lives as long as the run and is stored only as a hash. */
import { createHash, randomBytes } from 'node:crypto';
import { ulids } from '../log/index.js';
import type { Gateway, Subject } from '../model.js';
import type { State, StoredRun } from './state.js';

/** A run that is alive. `subject` is frozen and the same object on every request, so that its printed form can be kept. */
export interface Run {
  stored: StoredRun;
  readonly subject: Subject;
  ended: boolean;
}

/** What `tf run` says about itself. */
export interface RunFields {
  readonly pid: number | null;
  readonly user: string;
  readonly workload: Readonly<Record<string, string | number>>;
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
}

/** Hex SHA-256 of a token: all that is kept of it. */
export const digest = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The run that was stored, alive. */
export function revive(stored: StoredRun, gateway: Gateway): Run {
  const subject: Subject = Object.freeze({
    type: 'agent',
    id: gateway.name,
    environment: gateway.environment,
    labels: Object.freeze({ ...gateway.labels }),
    run: stored.id,
    chain: Object.freeze([gateway.name]),
    user: Object.freeze({ sub: stored.user }),
    workload: Object.freeze({ ...stored.workload }),
  });
  return { stored, subject, ended: false };
}

/** `alive` says whether the process of a run that was stored before a restart still lives. */
export function openRuns(
  state: State,
  gateway: (name: string) => Gateway | undefined,
  alive: (run: StoredRun) => boolean,
  now: () => number,
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
    if (owner !== undefined && alive(stored)) add(revive(stored, owner));
    else state.runs.remove(stored.id);
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
      const stored: StoredRun = {
        id: `run_${nextId()}`,
        gateway: owner.name,
        token_sha256: digest(token),
        supervisor_sha256: digest(supervisor),
        pid: fields.pid,
        starting: true,
        started_at: new Date(now()).toISOString(),
        workload: fields.workload,
        user: fields.user,
        ...(fields.upstream === undefined ? {} : { upstream: fields.upstream }),
      };
      state.runs.put(stored.id, stored);
      const run = revive(stored, owner);
      add(run);
      return { run, token, supervisor };
    },
    setPid(id, pid) {
      const run = runs.get(id);
      if (run === undefined) return;
      const { starting: _, ...stored } = run.stored;
      run.stored = { ...stored, pid };
      state.runs.put(id, run.stored);
    },
    end(id) {
      const run = runs.get(id);
      if (run === undefined) return undefined;
      run.ended = true;
      runs.delete(id);
      tokens.delete(run.stored.token_sha256);
      state.runs.remove(id);
      return run;
    },
  };
}
