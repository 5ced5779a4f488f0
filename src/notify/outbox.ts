/**
 * Outbox: what is still to be said, kept until it is said or nobody wants to know any more. On disk before it is sent, so a
 * restart sends it again rather than never: at least once, each time under the same id.
 */
import type { Shelf } from '../identity/state.js';
import { delayAfter } from './backoff.js';
import type { Notice } from './notice.js';

/** One message for one channel. */
export interface Parcel {
  /** Names what is said, on whatever channel and however often: `apr_01J…_requested`. */
  readonly id: string;
  /** `slack`, `webhook:URL`, `email:NAME`. */
  readonly channel: string;
  readonly notice: Notice;
  /** The run that the approval is about. */
  readonly run: string;
  /** Milliseconds since the epoch; the first ones in the order in which they were put. */
  readonly put: number;
  readonly order: number;
  /** After this it is given up. */
  readonly until: number;
  readonly attempts: number;
  readonly next: number;
}

const keyOf = ({ id, channel }: Pick<Parcel, 'id' | 'channel'>): string => `${id} ${channel}`;

/** Why a message wasn't taken. */
export class Undelivered extends Error {
  override readonly name = 'Undelivered';
  /** `retryAfter` in milliseconds; `final`: it would be the same the next time. */
  readonly options: { readonly retryAfter?: number; readonly final?: boolean };
  constructor(message: string, options: Undelivered['options'] = {}) {
    super(message);
    this.options = options;
  }
}

/** What became of a try: `again` is when the next one is, or null if there is none. */
export interface Tried {
  readonly parcel: Pick<Parcel, 'id' | 'channel' | 'notice' | 'run' | 'attempts'>;
  /** Null: it was taken. */
  readonly fault: string | null;
  readonly again: number | null;
}

interface Options {
  readonly shelf: Shelf<Parcel>;
  /** Most messages at a time. */
  readonly most: number;
  /** Most tries for one. */
  readonly attempts: number;
  readonly now: () => number;
  readonly random: () => number;
  /** Resolves when the message was taken; leaves it when `signal` says so; rejects {@link Undelivered}, or anything else for a failure that may pass. */
  send(parcel: Parcel, signal: AbortSignal): Promise<void>;
  tried(result: Tried): void;
  /** Tells the operator what was caught that is none of ours. */
  diagnose(error: unknown): void;
}

export interface Outbox {
  /** False if it is full. The same again on the same channel changes nothing. */
  put(parcel: Omit<Parcel, 'attempts' | 'next' | 'put' | 'order'>): boolean;
  /** Takes it out if it was never tried; whether it was there, and is no more. */
  withdraw(which: Pick<Parcel, 'id' | 'channel'>): boolean;
  readonly waiting: readonly Parcel[];
  /** Sends what is due, one message of a channel at a time. */
  start(): void;
  /** Sends nothing more; resolves when nothing is on its way. What is left stays on the shelf. */
  close(): Promise<void>;
}

/** The longest that a timer is set for, in milliseconds: a clock may be set meanwhile. */
const longestSleep = 60_000;

export function openOutbox({ shelf, most, attempts, now, random, send, tried, diagnose }: Options): Outbox {
  /** In their order. */
  const parcels = new Map<string, Parcel>();
  for (const parcel of shelf.all().sort((a, b) => a.order - b.order)) parcels.set(keyOf(parcel), parcel);
  let order = [...parcels.values()].at(-1)?.order ?? 0;
  const busy = new Map<string, { readonly parcel: string; readonly done: Promise<void> }>();
  let timer: NodeJS.Timeout | null = null;
  let open = false;
  const ending = new AbortController();

  const drop = (parcel: Parcel): void => {
    parcels.delete(keyOf(parcel));
    shelf.remove(keyOf(parcel));
  };
  const failed = (parcel: Parcel, error: unknown): void => {
    const { retryAfter = 0, final = false } = error instanceof Undelivered ? error.options : {};
    if (!(error instanceof Undelivered)) diagnose(error);
    const fault = error instanceof Undelivered ? error.message : 'it failed, for a reason that proxy.log has';
    const count = parcel.attempts + 1;
    const next = now() + delayAfter(count, random(), retryAfter);
    const over = final || count >= attempts || next >= parcel.until;
    if (over) drop(parcel);
    else {
      const later = { ...parcel, attempts: count, next };
      parcels.set(keyOf(parcel), later);
      shelf.put(keyOf(parcel), later);
    }
    tried({ parcel: { ...parcel, attempts: count }, fault, again: over ? null : next });
  };
  async function deliver(parcel: Parcel): Promise<void> {
    if (now() >= parcel.until) {
      drop(parcel);
      return tried({ parcel, fault: 'its time was over', again: null });
    }
    try {
      await send(parcel, ending.signal);
    } catch (error) {
      // Ended by our own end: it is tried again by the next proxy.
      return open ? failed(parcel, error) : undefined;
    }
    drop(parcel);
    tried({ parcel: { ...parcel, attempts: parcel.attempts + 1 }, fault: null, again: null });
  }
  /** The first of each approval on each channel: an answer isn't told before the question. */
  const heads = (): Parcel[] => {
    const seen = new Set<string>();
    return [...parcels.values()].filter(({ channel, notice }) => {
      const key = `${channel}\n${notice.approval}`;
      return seen.has(key) ? false : seen.add(key);
    });
  };
  function step(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (!open) return;
    const free = heads()
      .filter(({ channel }) => !busy.has(channel))
      .sort((a, b) => a.next - b.next);
    for (const parcel of free) {
      if (parcel.next > now() || busy.has(parcel.channel)) continue;
      const done = deliver(parcel).finally(() => {
        busy.delete(parcel.channel);
        step();
      });
      busy.set(parcel.channel, { parcel: keyOf(parcel), done });
    }
    const next = free.find(({ channel }) => !busy.has(channel))?.next;
    if (next !== undefined) timer = setTimeout(step, Math.min(longestSleep, Math.max(1, next - now())));
    timer?.unref();
  }
  /** Once for all that is put at a time. */
  let stepping = false;
  const soon = (): void => {
    if (stepping) return;
    stepping = true;
    queueMicrotask(() => {
      stepping = false;
      step();
    });
  };

  return {
    put(given) {
      if (parcels.has(keyOf(given))) return true;
      if (parcels.size >= most) return false;
      const parcel = { ...given, put: now(), order: ++order, attempts: 0, next: now() };
      shelf.put(keyOf(parcel), parcel);
      parcels.set(keyOf(parcel), parcel);
      soon();
      return true;
    },
    withdraw(which) {
      const parcel = parcels.get(keyOf(which));
      if (parcel === undefined || parcel.attempts > 0 || busy.get(parcel.channel)?.parcel === keyOf(parcel))
        return false;
      drop(parcel);
      return true;
    },
    get waiting() {
      return [...parcels.values()];
    },
    start() {
      open = true;
      step();
    },
    async close() {
      open = false;
      ending.abort();
      step();
      await Promise.all([...busy.values()].map(({ done }) => done));
    },
  };
}
