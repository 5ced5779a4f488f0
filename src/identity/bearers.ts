/**
 * Bearers: whoever shows the token of a grant, and runs that a grant limits as a whole. A bearer acts in the run that the grant
 * was issued in, or in one that is the grant's own, under that grant and all those above it.
 */
import type { Gateway, Grant } from '../model.js';
import { digest, type Run, type Runs, revive } from './runs.js';
import type { StoredRun } from './state.js';

/** How a grant came to its end: `over` with its run. */
export type GrantEnd = 'expired' | 'revoked' | 'over';

/** A grant as it is kept. */
export interface StoredGrant {
  readonly grant: Grant;
  /** Hex SHA-256 of its token; empty for one that limits a whole run and is shown by that run's token. */
  readonly token_sha256: string;
  /** The run that its bearer acts in, if it has one of its own; null: the one that it was issued in. */
  readonly own: StoredRun | null;
  /** When its gateway was made: one that is made later under the same name is another. */
  readonly gateway_since: string;
  /** Who issued it. */
  readonly by: string;
  readonly ended?: { readonly how: GrantEnd; readonly at: string };
}

/** Id of the run that its bearer acts in. */
export const actsIn = ({ grant, own }: StoredGrant): string => own?.id ?? grant.run ?? '';

const sentences: Readonly<Record<GrantEnd, string>> = {
  expired: 'has expired',
  revoked: 'was revoked',
  over: 'has ended with its run',
};

/** What is said to whoever still shows it. */
const sentence = ({ id, task, expires_at }: Grant, how: GrantEnd): string =>
  `The grant ${id} for "${task}" ${sentences[how]}${how === 'expired' ? ` at ${expires_at}` : ''}.`;

/** Whether its time is over at `now` (ms since the epoch): as RFC 7519 §4.1.4 has it, at `exp` it is. */
export const expired = ({ expires_at }: Grant, now: number): boolean => Date.parse(expires_at) <= now;

/** Why nothing more is done for a run, as a sentence; null while it lives. It looks at the clock, because a timer may be late. */
export function endOf(run: Run, now: number): string | null {
  if (run.ended) return run.why ?? 'The run that this token belongs to has ended.';
  for (const grant of run.grants) if (expired(grant, now)) return sentence(grant, 'expired');
  return null;
}

/** Puts a run under the grants that limit all of it. If one of them is no more, neither is the run. */
export function limit(run: Run, find: (id: string) => StoredGrant | undefined): void {
  const { grants: ids = [] } = run.stored;
  if (ids.length === 0) return;
  const found = ids.map(find);
  run.grants = found.flatMap(stored => stored?.grant ?? []);
  const over = found.find(stored => stored?.ended !== undefined);
  if (over === undefined && !found.includes(undefined)) return;
  run.ended = true;
  if (over !== undefined) run.why = sentence(over.grant, over.ended!.how);
}

/** All grants that there are, ended ones for a while among them, and their bearers. */
export class Bearers {
  readonly #run: (id: string) => Run | undefined;
  readonly #gateway: (name: string) => Gateway | undefined;
  readonly #grants = new Map<string, StoredGrant>();
  readonly #bearers = new Map<string, Run>();
  /** Ids of grants by the hash of their token, and by the run that is their own. */
  readonly #tokens = new Map<string, string>();
  readonly #own = new Map<string, string>();

  /** `run` finds a run of a process, `gateway` a gateway. */
  constructor(run: (id: string) => Run | undefined, gateway: (name: string) => Gateway | undefined) {
    this.#run = run;
    this.#gateway = gateway;
  }

  all(): IterableIterator<StoredGrant> {
    return this.#grants.values();
  }

  find(id: string): StoredGrant | undefined {
    return this.#grants.get(id);
  }

  /** The grant and those above it, the outermost first: what limits its bearer. Empty if one of them is not known. */
  lineage(id: string): readonly Grant[] {
    const stored = this.#grants.get(id);
    if (stored === undefined) return [];
    const { grant } = stored;
    if (grant.parent === null) return [grant];
    const above = this.lineage(grant.parent);
    return above.length === 0 ? [] : [...above, grant];
  }

  /** Whether a grant, and all above it, live at `now`. */
  live(id: string, now: number): boolean {
    const lineage = this.lineage(id);
    const lives = (grant: Grant): boolean => this.find(grant.id)?.ended === undefined && !expired(grant, now);
    return lineage.length > 0 && lineage.every(lives);
  }

  /** Adds a grant, or says of a known one that it has ended. */
  put(stored: StoredGrant): void {
    const { id } = stored.grant;
    this.#grants.set(id, stored);
    const bearer = this.#bearers.get(id) ?? this.#make(stored);
    if (bearer === undefined || stored.ended === undefined) return;
    bearer.ended = true;
    bearer.why = sentence(stored.grant, stored.ended.how);
  }

  /** Forgets a grant; whoever holds its bearer sees that it has ended. */
  drop(id: string): void {
    const stored = this.#grants.get(id);
    const bearer = this.#bearers.get(id);
    if (stored === undefined) return;
    this.#grants.delete(id);
    this.#bearers.delete(id);
    this.#tokens.delete(stored.token_sha256);
    if (bearer === undefined) return;
    bearer.ended = true;
    if (stored.own !== null) this.#own.delete(stored.own.id);
  }

  /** The bearer of the token, also of one that has ended; nobody's while its gateway is none. */
  byToken(token: string): Run | undefined {
    return this.#at(this.#tokens.get(digest(token)));
  }

  /** The same by the grant's id. */
  bearer(id: string): Run | undefined {
    return this.#at(id);
  }

  /** The run of a grant's own with this id, while it lives. */
  own(run: string): Run | undefined {
    const bearer = this.#at(this.#own.get(run));
    return bearer?.ended === false ? bearer : undefined;
  }

  #at(id: string | undefined): Run | undefined {
    const stored = id === undefined ? undefined : this.#grants.get(id);
    return stored === undefined || this.#ownerOf(stored) === undefined ? undefined : this.#bearers.get(id!);
  }

  #ownerOf({ grant, gateway_since }: StoredGrant): Gateway | undefined {
    const gateway = this.#gateway(grant.gateway);
    return gateway?.created_at === gateway_since ? gateway : undefined;
  }

  #make(stored: StoredGrant): Run | undefined {
    const { grant, token_sha256, own } = stored;
    if (token_sha256 === '') return undefined;
    const gateway = this.#ownerOf(stored);
    if (gateway === undefined) return undefined;
    const grants = this.lineage(grant.id);
    if (grants.length === 0) return undefined;
    let bearer: Run;
    if (own !== null) {
      bearer = revive(own, gateway, grants);
      this.#own.set(own.id, grant.id);
    } else {
      const within = this.#run(actsIn(stored)) ?? this.#at(this.#own.get(actsIn(stored)));
      if (within === undefined) return undefined;
      bearer = { stored: within.stored, subject: within.subject, grants, ended: false };
    }
    this.#bearers.set(grant.id, bearer);
    this.#tokens.set(token_sha256, grant.id);
    return bearer;
  }
}

/** Grants, as far as runs are concerned: whose token something is, whose run, and that a run is over. */
interface Showing {
  byToken(token: string): Run | undefined;
  own(run: string): Run | undefined;
  over(run: string): void;
}

/** The runs, those of grants' own among them; a run that ends takes its grants with it. */
export const withGrants = (runs: Runs, grants: Showing): Runs => ({
  ...runs,
  find: id => runs.find(id) ?? grants.own(id),
  byToken: token => runs.byToken(token) ?? grants.byToken(token),
  end(id) {
    const run = runs.end(id);
    if (run !== undefined) grants.over(id);
    return run;
  },
});
