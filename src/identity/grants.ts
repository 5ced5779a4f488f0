/**
 * Grants: short-lived authority for one task. Each has a token, an Ed25519 JWT (RFC 7519, RFC 8037) that anybody can check with
 * the public key of its gateway; here it is recognised by its hash, which is all that is kept of it.
 */
import { randomBytes } from 'node:crypto';
import { exitCode, Fault } from '../errors.js';
import { ulids } from '../log/index.js';
import type { Gateway, Grant, Subject, User } from '../model.js';
import { actsIn, Bearers, expired, type GrantEnd, limit, type StoredGrant } from './bearers.js';
import type { Keys, Signature } from './keys.js';
import { digest, type Run, type Runs, revive } from './runs.js';
import type { State, StoredRun } from './state.js';

/** What is granted; `ttl` in milliseconds. */
export interface GrantFields {
  readonly gateway: Gateway;
  readonly task: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly ttl: number;
}

/** Where it is issued, and by whom. */
export interface GrantLimits {
  /** In whose run: that one's grants limit it too, and it ends with that run. Null: it has a run of its own. */
  readonly caller: Run | null;
  /** It limits all of the caller's run, whose token is its own. */
  readonly whole?: boolean;
  readonly user: User;
  readonly by: string;
}

/** A grant, and how it stands. */
export interface GrantState extends Grant {
  readonly state: 'live' | 'expired' | 'revoked' | 'over';
  /** Id of the run that its bearer acts in. */
  readonly acts_in: string;
  readonly by: string;
  readonly ended_at?: string;
}

/** The entry about a grant. */
export const grantEntry = (
  type: 'grant.issued' | 'grant.revoked' | 'grant.expired',
  { acts_in, state: _, ended_at: __, by: ___, ...grant }: GrantState,
  by?: string,
) => ({ type, run: acts_in, gateway: grant.gateway, grant, ...(by !== undefined && { by }) });

/** Hears of grants that have ended by themselves, each with those that it was above of behind it. */
export type OnExpired = (ended: readonly GrantState[]) => void;

/** The grants of this proxy. */
export interface Grants {
  /** Issues one. Throws `Fault` when it would make too long a token, or there are too many. The token is kept nowhere. */
  issue(fields: GrantFields, limits: GrantLimits): { readonly grant: GrantState; readonly token: string };
  find(id: string): GrantState | undefined;
  /** Those that live and, for a day, those that have ended; in the order in which they were issued. */
  list(gateway?: string): GrantState[];
  /** Whether it, and all above it, live. */
  live(id: string): boolean;
  /**
   * Ends it and all below it, also those that were over with their run, at once in memory; a failure to write that down is
   * thrown after it. Empty if it was revoked or had expired.
   */
  revoke(id: string): GrantState[];
  /** Takes one back that was never given out. */
  withdraw(id: string): void;
  /** Ends those of a run that is over. */
  over(run: string): void;
  /** Forgets those of a gateway that is no more. */
  forget(gateway: string): void;
  /** Whoever shows this token, also one that has ended. Looks up a hash, so time says nothing about the token. */
  byToken(token: string): Run | undefined;
  /** The same by the grant's id. None for a grant that limits a whole run. */
  bearer(id: string): Run | undefined;
  /** It and those above it, the outermost first; empty if one of them is not known. */
  lineage(id: string): readonly Grant[];
  /** The run of a grant's own with this id, while it lives. */
  own(run: string): Run | undefined;
  /** All, as they are kept, for those who have a copy. */
  stored(): StoredGrant[];
  /** From now on those whose time is over end, and `onExpired` hears of it. */
  watch(onExpired: OnExpired): void;
  close(): void;
}

/** A token is at most this long, in characters: it travels in heads of requests. */
export const longestToken = 4096;
/** Most grants of one gateway that live at a time, and as many that have ended are remembered, for so many milliseconds. */
const most = 1000;
const memory = 86_400_000;
/** Node's timers can't be set for longer than this. */
const longestWait = 2 ** 31 - 1;

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const shown = (stored: StoredGrant): GrantState => ({
  ...stored.grant,
  state: stored.ended?.how ?? 'live',
  acts_in: actsIn(stored),
  by: stored.by,
  ...(stored.ended && { ended_at: stored.ended.at }),
});

/** What they are opened with; `issuer` is the `iss` of tokens. */
export interface GrantParts {
  readonly state: Pick<State, 'shelf' | 'together'>;
  readonly keys: Pick<Keys, 'current' | 'sign'>;
  readonly runs: Pick<Runs, 'list' | 'find' | 'limit'>;
  readonly gateway: (name: string) => Gateway | undefined;
  readonly now: () => number;
  readonly issuer: string;
  /** Signs the subject of a grant's own run. */
  readonly sign: (subject: Subject) => Signature;
}

export function openGrants({ state, keys, runs, gateway, now, issuer, sign: signSubject }: GrantParts): Grants {
  const shelf = state.shelf<StoredGrant>('grant');
  const bearers = new Bearers(id => runs.find(id), gateway);
  const nextId = ulids(now, randomBytes);
  let onExpired: OnExpired = () => {};
  let timer: NodeJS.Timeout | undefined;

  for (const stored of shelf.all()) bearers.put(stored);
  for (const run of runs.list()) limit(run, id => bearers.find(id));
  for (const stored of [...bearers.all()]) {
    const within = actsIn(stored);
    if (gateway(stored.grant.gateway) === undefined) remove([stored.grant.id]);
    // Its run has not survived.
    else if (stored.ended === undefined && runs.find(within) === undefined && bearers.own(within) === undefined)
      end(stored.grant.id, 'over');
  }

  /** What isn't written down is found again by the clock, or by a run that is no more. */
  function perhaps(write: () => void): void {
    try {
      state.together(write);
    } catch {
      // It holds all the same.
    }
  }

  function remove(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const id of ids) bearers.drop(id);
    perhaps(() => {
      for (const id of ids) shelf.remove(id);
    });
  }

  /** A grant and those below it that can still end like this: one that is over with its run limits what was deferred in it. */
  function under(id: string, how: GrantEnd): StoredGrant[] {
    return [...bearers.all()].filter(
      ({ grant, ended }) =>
        (ended === undefined || (how === 'revoked' && ended.how === 'over')) &&
        bearers.lineage(grant.id).some(above => above.id === id),
    );
  }

  /** Ends it and all below it, in memory first; `write` says how it is written down. */
  function end(id: string, how: GrantEnd, write: (work: () => void) => void = perhaps): GrantState[] {
    const at = new Date(now()).toISOString();
    const gone = under(id, how).map((stored): StoredGrant => ({ ...stored, ended: { how, at } }));
    for (const stored of gone) bearers.put(stored);
    for (const run of runs.list()) if (!run.ended) limit(run, each => bearers.find(each));
    write(() => {
      for (const stored of gone) shelf.put(stored.grant.id, stored);
    });
    return gone.map(shown);
  }

  /** Ends those whose time is over, and forgets those of which nobody asks any more. */
  function sweep(): void {
    const time = now();
    for (const { grant } of [...bearers.all()]) {
      if (bearers.find(grant.id)?.ended !== undefined || !expired(grant, time)) continue;
      const ended = end(grant.id, 'expired');
      if (ended.length > 0) onExpired(ended);
    }
    const old = [...bearers.all()].filter(({ ended }) => ended !== undefined);
    const counts = new Map<string, number>();
    const needed = new Set(runs.list().flatMap(({ stored }) => stored.grants ?? []));
    const forgotten = old.reverse().filter(({ grant, ended }) => {
      const count = (counts.get(grant.gateway) ?? 0) + 1;
      counts.set(grant.gateway, count);
      return !needed.has(grant.id) && (count > most || Date.parse(ended!.at) + memory <= time);
    });
    remove(forgotten.map(({ grant }) => grant.id));
  }

  function arm(): void {
    clearTimeout(timer);
    let next = Number.POSITIVE_INFINITY;
    for (const { grant, ended } of bearers.all())
      if (ended === undefined) next = Math.min(next, Date.parse(grant.expires_at));
    if (next === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(
      () => {
        sweep();
        arm();
      },
      Math.min(Math.max(next - now(), 1), longestWait),
    ).unref();
  }

  function sign(grant: Grant): string {
    const { gateway: sub, id: jti, task, actions, resources } = grant;
    const [iat, exp] = [grant.issued_at, grant.expires_at].map(time => Math.floor(Date.parse(time) / 1000));
    const header = base64url({ alg: 'EdDSA', typ: 'grant+jwt', kid: keys.current(sub).id });
    const said = `${header}.${base64url({ iss: issuer, sub, jti, iat, exp, task, actions, resources })}`;
    const token = `${said}.${keys.sign(sub, Buffer.from(said)).value}`;
    if (token.length <= longestToken) return token;
    throw new Fault(
      exitCode.usage,
      `The grant would have a token of ${token.length} characters, and one has at most ${longestToken}.`,
      'Name fewer actions and resources, or use patterns.',
    );
  }

  /** A run of a grant's own: of no process, for whoever shows the token. */
  function ownRun(owner: Gateway, token_sha256: string, user: User): StoredRun {
    const id = `run_${nextId()}`;
    const started_at = new Date(now()).toISOString();
    const nobody = { supervisor_sha256: '', pid: null, workload: {} };
    const unsigned = {
      id,
      gateway: owner.name,
      token_sha256,
      started_at,
      chain: [owner.name],
      runs: [id],
      user,
      ...nobody,
    };
    return { ...unsigned, signature: signSubject(revive(unsigned, owner).subject) };
  }

  return {
    issue({ gateway: owner, task, actions, resources, ttl }, { caller, whole = false, user, by }) {
      sweep();
      const live = [...bearers.all()].filter(({ grant, ended }) => grant.gateway === owner.name && ended === undefined);
      if (live.length >= most)
        throw new Fault(exitCode.failed, `${owner.name} has ${most} grants that live, and may not have more.`);
      const above = caller?.grants.at(-1) ?? null;
      // Whole seconds, which is what a token can say: never shorter than asked for, and never beyond what is above it.
      const ends = Math.ceil((now() + ttl) / 1000) * 1000;
      const ceilings = (caller?.grants ?? []).map(({ expires_at }) => Date.parse(expires_at));
      const grant: Grant = Object.freeze({
        id: `gr_${nextId()}`,
        gateway: owner.name,
        run: caller?.subject.run ?? null,
        task,
        actions: Object.freeze([...actions]),
        resources: Object.freeze([...resources]),
        parent: above?.id ?? null,
        issued_at: new Date(now()).toISOString(),
        expires_at: new Date(Math.min(ends, ...ceilings)).toISOString(),
      });
      const token = whole ? '' : sign(grant);
      const token_sha256 = whole ? '' : digest(token);
      const own = caller === null ? ownRun(owner, token_sha256, user) : null;
      const stored: StoredGrant = { grant, token_sha256, own, gateway_since: owner.created_at, by };
      shelf.put(grant.id, stored);
      bearers.put(stored);
      if (whole) runs.limit(actsIn(stored), grant);
      arm();
      return { grant: shown(stored), token };
    },
    find: id => {
      const stored = bearers.find(id);
      return stored === undefined ? undefined : shown(stored);
    },
    list: owner => [...bearers.all()].filter(({ grant }) => owner === undefined || grant.gateway === owner).map(shown),
    live: id => bearers.live(id, now()),
    revoke: id => end(id, 'revoked', work => state.together(work)),
    withdraw: id => remove([id]),
    over(run) {
      for (const stored of [...bearers.all()])
        if (actsIn(stored) === run && bearers.find(stored.grant.id)?.ended === undefined) end(stored.grant.id, 'over');
    },
    forget: owner => remove([...bearers.all()].flatMap(({ grant }) => (grant.gateway === owner ? [grant.id] : []))),
    byToken: token => bearers.byToken(token),
    lineage: id => bearers.lineage(id),
    own: run => bearers.own(run),
    bearer: id => bearers.bearer(id),
    stored: () => [...bearers.all()],
    watch(heard) {
      onExpired = heard;
      sweep();
      arm();
    },
    close: () => clearTimeout(timer),
  };
}
