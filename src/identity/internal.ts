/**
 * Internal: runs in which the proxy itself sends something through its own front door, for whoever asked for it. Each is
 * known by a token that lives as long as that one request, and is listed nowhere.
 */
import { randomBytes } from 'node:crypto';
import type { Gateway, Grant } from '../model.js';
import { digest, type Run, type Runs, revive } from './runs.js';
import type { StoredRun } from './state.js';

/** Such a run, as a worker is told of it. */
export interface InternalRun {
  readonly stored: StoredRun;
  readonly grants: readonly Grant[];
  /** Id of the deferral that is executed in it. */
  readonly deferral: string;
}

/** The internal runs of this moment. */
export interface Internals {
  list(): InternalRun[];
  byToken(token: string): Run | undefined;
  find(id: string): Run | undefined;
  /** Opens one for the same subject as `run`, which may have ended; its token is returned once and kept nowhere. */
  open(run: StoredRun, gateway: Gateway, grants: readonly Grant[], deferral: string): { token: string; close(): void };
}

/** What was told, alive. */
export const awaken = ({ stored, grants, deferral }: InternalRun, gateway: Gateway): Run => ({
  ...revive(stored, gateway, grants),
  deferral,
});

export function openInternals(): Internals {
  const runs = new Map<string, { readonly told: InternalRun; readonly run: Run }>();
  return {
    list: () => [...runs.values()].map(({ told }) => told),
    byToken: token => (runs.size === 0 ? undefined : runs.get(digest(token))?.run),
    find: id => [...runs.values()].find(({ run }) => run.stored.id === id)?.run,
    open(known, gateway, grants, deferral) {
      const token = randomBytes(32).toString('base64url');
      const key = digest(token);
      // It is bound to no process: the one that asked for it may have ended.
      const { footprint: _, binding: __, void: ___, starting: ____, ...rest } = known;
      const stored = { ...rest, token_sha256: key, supervisor_sha256: '', pid: null };
      const told: InternalRun = { stored, grants, deferral };
      const run = awaken(told, gateway);
      runs.set(key, { told, run });
      return {
        token,
        close() {
          run.ended = true;
          runs.delete(key);
        },
      };
    },
  };
}

/** Runs, internal ones among them, as the data path asks for them. */
export const withInternals = (
  runs: Pick<Runs, 'byToken' | 'find'>,
  internals: Internals,
): Pick<Runs, 'byToken' | 'find'> => ({
  byToken: token => internals.byToken(token) ?? runs.byToken(token),
  find: id => runs.find(id) ?? internals.find(id),
});
