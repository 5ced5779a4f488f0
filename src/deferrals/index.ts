/**
 * Deferrals: a request that the policy defers is kept here, sealed, until it is due; until then anybody may take it back.
 * It is let through once at most, also over a restart: that it was is on disk before anything is sent.
 */
import { randomBytes } from 'node:crypto';
import { exitCode, Fault, Refusal } from '../errors.js';
import type { Trace } from '../gateway.js';
import type { Shelf, StoredRun } from '../identity/state.js';
import { type Log, ulids } from '../log/index.js';
import type { Allowed, Permit } from '../permit.js';
import type { Deferral, Packet } from './deferral.js';
import { admitted, draftOf, refusalOf } from './request.js';

export type { Deferral, DeferralState, Packet } from './deferral.js';
export { Executor } from './executor.js';

/** A request at the step of the line at which it is deferred, or let through. */
export interface Wanted {
  readonly trace: Trace;
  readonly allowed: Omit<Allowed, 'evidence'>;
  /** Ids of the grants that limit it. */
  readonly grants: readonly string[];
  /** The body as it is sent, all of it; null if there is none, `unread` if it isn't here as a whole. */
  readonly body: Uint8Array | null | 'unread';
  /** Id of the deferral that the proxy itself executes with it, or null. */
  readonly executes: string | null;
}

/** The deferrals of this proxy. */
export interface Deferrals {
  /** Scheduled ones, and those that ended within a day, in the order in which they were scheduled. */
  list(): Deferral[];
  /** Throws `Fault` (missing). */
  find(id: string): Deferral;
  /** How many are scheduled. */
  readonly waiting: number;
  /**
   * Keeps a request for later, or (`executes`) lets the one through that is due. Rejects `Refusal`: `deferred` with its id
   * once it is kept; `denied`, `overloaded`, `vault_locked`, and what the log rejects with.
   */
  await(wanted: Wanted): Promise<Permit>;
  /** Takes one back. Rejects `Fault`: missing, or failed when it isn't scheduled any more. */
  cancel(id: string, by: string, reason: string): Promise<Deferral>;
  /** Forgets all of a gateway that is no more; their ids. */
  forget(gateway: string): string[];
  /** What one is about to send. Throws `Refusal`: `vault_locked`, `credential_unavailable`. */
  open(id: string): Packet;
  /** Notes how it ended. */
  settle(id: string, outcome: NonNullable<Deferral['outcome']>): void;
}

/** How to open them. */
export interface DeferralOptions {
  readonly state: {
    shelf<T>(kind: string): Shelf<T>;
    together<T>(work: () => T): T;
  };
  readonly log: Pick<Log, 'record' | 'note' | 'allow'>;
  readonly vault: { seal(purpose: string, plain: Buffer): Buffer; unseal(purpose: string, sealed: Buffer): Buffer };
  /** The run of this id, if it is alive, as it is kept. */
  run(id: string): StoredRun | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds, unless the policy says how long. */
  readonly window: number;
  /** Most that one gateway may have scheduled, and bytes of bodies. */
  readonly perGateway: number;
  readonly bytesPerGateway: number;
}

/** So long those that have ended are shown, in milliseconds. */
const kept = 86_400_000;

/** One as it is on disk; `untold`: it is taken back, and the log may not have that yet. */
interface Kept extends Deferral {
  readonly untold?: true;
}

/** One that is on disk; `cancelling` while it is recorded that it is taken back. */
interface Held {
  shown: Deferral;
  cancelling: Promise<unknown> | null;
}

export function openDeferrals(options: DeferralOptions): Deferrals {
  const { state, log, vault, now } = options;
  const shelf = state.shelf<Kept>('deferral');
  /** Each has a shelf of its own: only it is read when it is due. */
  const sealed = (id: string): Shelf<string> => state.shelf<string>(`deferred ${id}`);
  const held = new Map<string, Held>();
  /** Those that are on their way to the disk, by what identical requests have in common. */
  const coming = new Map<string, { readonly shown: Deferral; readonly done: Promise<Deferral> }>();
  const nextId = ulids(now, randomBytes);
  const purpose = (id: string): string => `deferral ${id}`;
  const time = (at = now()): string => new Date(at).toISOString();

  const keep = (each: Held, shown: Deferral): void => {
    state.together(() => {
      shelf.put(shown.id, shown);
      if (shown.state === 'cancelled' || shown.outcome !== undefined) sealed(shown.id).remove('packet');
    });
    each.shown = shown;
  };
  const drop = (id: string): void => {
    state.together(() => {
      shelf.remove(id);
      sealed(id).remove('packet');
    });
    held.delete(id);
  };
  const entry = ({ id, run, gateway }: Deferral) => ({ run, gateway, defer: id });
  const get = (id: string): Held => {
    const each = held.get(id);
    if (each !== undefined) return each;
    throw new Fault(exitCode.missing, `There is no deferral ${id}.`, 'List them with: tf defer list');
  };

  for (const { untold, ...shown } of shelf.all()) {
    const each: Held = { shown, cancelling: null };
    held.set(shown.id, each);
    if (untold === true) {
      const { by, reason } = shown.cancelled!;
      log.note({ type: 'defer.cancelled', ...entry(shown), by, reason });
      keep(each, shown);
    }
    // It was let through, and nobody came back to say how it ended.
    if (shown.state !== 'executed' || shown.outcome !== undefined) continue;
    log.note({
      type: 'action.completed',
      run: shown.run,
      gateway: shown.gateway,
      decided: shown.executed!.decided,
      status: null,
      error: 'proxy_error',
      reason: 'The proxy ended while it executed this; whether it was sent is not known. It is not sent again.',
    });
    keep(each, { ...shown, outcome: { status: null, error: 'unknown' } });
  }

  const scheduled = (gateway: string): Held[] =>
    [...held.values()].filter(({ shown }) => shown.state === 'scheduled' && shown.gateway === gateway);

  async function schedule(wanted: Wanted): Promise<Deferral> {
    const { trace, allowed, grants, body } = wanted;
    const draft = draftOf(trace, allowed, grants);
    const { gateway, binding } = draft;
    const key = `${gateway} ${binding}`;
    const under = coming.get(key);
    if (under !== undefined) return under.done;
    const mine = scheduled(gateway);
    const same = mine.find(({ shown }) => shown.binding === binding);
    if (same?.cancelling === null) return same.shown;
    if (same !== undefined) {
      await same.cancelling!.catch(() => {});
      return schedule(wanted);
    }
    const bytes = admitted(trace, body);
    const others = [...mine, ...coming.values()].filter(({ shown }) => shown.gateway === gateway);
    const size = others.reduce((sum, { shown }) => sum + shown.request.bytes, draft.request.bytes);
    if (others.length >= options.perGateway || size > options.bytesPerGateway)
      throw new Refusal('overloaded', `${gateway} has ${others.length} deferred actions, and may not have more.`, {
        next: 'Wait until some of them are done, or take some back with `tf undo`.',
      });
    const run = options.run(draft.run);
    if (run === undefined) throw new Refusal('denied', 'The run has ended.');
    const { content: _, ...request } = trace.request!;
    const packet: Packet = { run, request, hash: allowed.request, body: bytes?.toString('base64') ?? null };
    const id = `dfr_${nextId()}`;
    const due_at = time(now() + (trace.decision!.hold ?? options.window));
    const shown: Deferral = { id, state: 'scheduled', ...draft, scheduled_at: time(), due_at };
    const done = write(shown, vault.seal(purpose(id), Buffer.from(JSON.stringify(packet))));
    coming.set(key, { shown, done });
    return done.finally(() => coming.delete(key));
  }

  async function write(shown: Deferral, seal: Buffer): Promise<Deferral> {
    const { id, binding, decided, due_at } = shown;
    await log.record({ type: 'defer.scheduled', ...entry(shown), binding, decided, due_at });
    state.together(() => {
      shelf.put(id, shown);
      sealed(id).put('packet', seal.toString('base64'));
    });
    held.set(id, { shown, cancelling: null });
    return shown;
  }

  /** Lets the one through that is due: written down first, so that it is never let through again. */
  async function redeem(id: string, { trace, allowed }: Wanted): Promise<Permit> {
    const each = held.get(id);
    const no = (why: string): never => {
      throw new Refusal('denied', why, { rule: `defer:${id}` });
    };
    if (each === undefined || each.cancelling !== null || each.shown.state !== 'scheduled')
      return no(`The deferral ${id} is not scheduled any more.`);
    const { shown } = each;
    if (now() < Date.parse(shown.due_at)) return no(`The deferral ${id} is due at ${shown.due_at}.`);
    if (trace.decision!.effect !== 'defer')
      return no('The policy asks for an approval of it by now, which it was not deferred for.');
    if (allowed.gateway !== shown.gateway || allowed.request !== packetOf(id).hash)
      return no('It is not the request that was deferred.');
    try {
      keep(each, { ...shown, state: 'executed', executed: { at: time(), decided: trace.evidence! } });
    } catch (cause) {
      throw new Refusal('log_unavailable', "That it is executed can't be written down.", { cause });
    }
    try {
      const executed = { type: 'defer.executed', ...entry(shown), decided: trace.evidence } as const;
      return (await log.allow(executed, allowed)).permit;
    } catch (error) {
      // Nothing has left: it is tried again.
      keep(each, shown);
      throw error;
    }
  }

  function packetOf(id: string): Packet {
    const [text] = sealed(id).all();
    if (text === undefined) throw new Refusal('credential_unavailable', `What ${id} would send is not there.`);
    return JSON.parse(vault.unseal(purpose(id), Buffer.from(text, 'base64')).toString()) as Packet;
  }

  return {
    list() {
      for (const { shown, cancelling } of held.values()) {
        const { executed, cancelled, outcome } = shown;
        const over = cancelled?.at ?? (outcome && executed?.at);
        if (cancelling === null && over !== undefined && now() - Date.parse(over) > kept) drop(shown.id);
      }
      return [...held.values()].map(({ shown }) => shown);
    },
    find: id => get(id).shown,
    get waiting() {
      let count = 0;
      for (const { shown } of held.values()) if (shown.state === 'scheduled') count += 1;
      return count;
    },
    async await(wanted) {
      if (wanted.executes !== null) return redeem(wanted.executes, wanted);
      throw refusalOf(await schedule(wanted));
    },
    async cancel(id, by, reason) {
      const each = get(id);
      const { shown } = each;
      if (shown.state !== 'scheduled' || each.cancelling !== null)
        throw new Fault(
          exitCode.failed,
          `The deferral ${id} is ${shown.state === 'scheduled' ? 'being cancelled' : shown.state} already.`,
          `See it with: tf defer show ${id}`,
        );
      const gone: Deferral = { ...shown, state: 'cancelled', cancelled: { at: time(), by, reason } };
      // Before the log has it: what it says was taken back must not be sent after a crash.
      shelf.put(id, { ...gone, untold: true });
      each.cancelling = log.record({ type: 'defer.cancelled', ...entry(shown), by, reason });
      try {
        await each.cancelling;
        keep(each, gone);
      } catch (error) {
        if (each.shown === shown) shelf.put(id, shown);
        throw error;
      } finally {
        each.cancelling = null;
      }
      return each.shown;
    },
    forget(gateway) {
      const ids = [...held.values()].filter(({ shown }) => shown.gateway === gateway).map(({ shown }) => shown.id);
      for (const id of ids) drop(id);
      return ids;
    },
    open: packetOf,
    settle(id, outcome) {
      const each = held.get(id);
      if (each?.shown.state === 'executed') keep(each, { ...each.shown, outcome });
    },
  };
}
