/**
 * Binding: a run is bound to its user, its program and its process. Each of its requests looks whether they are still the
 * same; if one isn't, the run is void for good. Where it runs and at which commit are facts of its start, and bind nothing.
 */
import type { Caller, User } from '../model.js';
import { type Watched, watch } from './liveness.js';
import { type BoundFile, watchFile } from './program.js';
import type { Run, Runs } from './runs.js';

/** What a run is bound to besides its user and its process. */
export interface Binding {
  /** Id of the start of the system; null where there is none. */
  readonly boot: string | null;
  readonly files: readonly BoundFile[];
}

/** Why a run is void. */
export interface Voided {
  /** A sentence. */
  readonly reason: string;
  /** Id of the entry that says so. */
  readonly evidence: string;
}

/** A run whose binding doesn't hold. */
export interface Unbound {
  readonly run: string;
  readonly reason: string;
}

/** Looks at the binding of runs. */
export interface Bindings {
  /** Null while all that this caller stands on is what it was: its own run, and those that it was started from. */
  fault(caller: Caller): Unbound | null;
  /** Lets go of a run that has ended. */
  forget(run: string): void;
}

const changed: Readonly<Record<BoundFile['is'], string>> = {
  program: 'The program of this run is not the file that it was when the run started',
  script: 'The script of this run was changed after the run started',
};

/** When the token of a user ends, in milliseconds since the epoch. */
export const userEnd = ({ expires_at }: User): number =>
  expires_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires_at);

/** Why a run is void whose user's token has ended. */
export const userEnded = ({ sub, expires_at }: User): string =>
  `The ID token of ${sub}, for whom this run is, ended at ${expires_at}.`;

/** What is looked at of one run. */
interface Watch {
  /** Milliseconds since the epoch. */
  readonly expires: number;
  readonly files: readonly { readonly path: string; readonly is: BoundFile['is']; readonly same: () => boolean }[];
  /** Null until the run has one of its own. */
  process: Watched | null;
}

function begin({ stored: { user, binding } }: Run): Watch {
  const files = (binding?.files ?? []).map(file => ({ path: file.path, is: file.is, same: watchFile(file) }));
  return { expires: userEnd(user), files, process: null };
}

export function openBindings(runs: Pick<Runs, 'find'>, now: () => number): Bindings {
  const watches = new Map<string, Watch>();
  const voided = new Map<string, string>();

  function look(run: Run): string | null {
    const { stored } = run;
    let at = watches.get(stored.id);
    if (at === undefined) {
      at = begin(run);
      watches.set(stored.id, at);
    }
    if (now() >= at.expires) return userEnded(stored.user);
    for (const { path, is, same } of at.files) if (!same()) return `${changed[is]}: ${path}.`;
    if (stored.starting || stored.pid === null) return null;
    at.process ??= watch(stored.pid, stored.footprint?.started ?? null);
    return at.process.lives() ? null : 'The process that this run consisted of has ended.';
  }
  return {
    fault({ subject }) {
      for (const id of subject.runs) {
        const run = runs.find(id);
        // What was deferred is done for a run that may have ended long ago.
        if (run === undefined || run.deferral !== undefined) continue;
        const reason = run.stored.void?.reason ?? voided.get(id) ?? look(run);
        if (reason === null) continue;
        // Whatever is put back afterwards, and whenever others hear of it.
        voided.set(id, reason);
        return { run: id, reason };
      }
      return null;
    },
    forget(id) {
      watches.get(id)?.process?.close();
      watches.delete(id);
      voided.delete(id);
    },
  };
}
