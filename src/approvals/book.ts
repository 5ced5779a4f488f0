/** Book: the approvals that there are and what becomes of them; whoever waits for one, or listens, hears of it. */
import type { State } from '../identity/state.js';
import type { Log } from '../log/index.js';
import type { Draft, EntryType } from '../model.js';
import type { Approval, ApprovalState } from './approval.js';
import { type Held, isOpen, Kept } from './kept.js';
import { Waiters } from './waiters.js';

export interface BookOptions {
  readonly state: Pick<State, 'shelf'>;
  readonly log: Pick<Log, 'record' | 'note' | 'allow'>;
  readonly now: () => number;
  /** How long what is settled stays to be looked at, in milliseconds. */
  readonly memory: number;
}

/** Longest time between two looks at what has expired, in milliseconds. */
const look = 3_600_000;

/** An entry about an approval. */
export const entry = (type: EntryType, { id, run, gateway, binding }: Approval, more: object): Draft => ({
  ...{ type, run, gateway, approval: id, binding },
  ...more,
});

/** When it ends, in milliseconds since the epoch. */
export const endOf = ({ expires_at }: Approval): number =>
  expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(expires_at);

/** A copy that nobody changes. */
export const shown = (approval: Held): Approval => ({ ...approval });

export class Book {
  readonly kept: Kept;
  readonly waiters = new Waiters();
  readonly #options: BookOptions;
  readonly #listeners = new Set<(approval: Approval) => void>();
  /** Those whose answer is on its way to the disk. */
  readonly #answering = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  /** The proxy ends: what is cut off by that hasn't gone away. */
  closing = false;

  constructor(options: BookOptions) {
    this.#options = options;
    this.kept = new Kept(options.state.shelf<Approval>('approval'));
    this.#arm();
  }

  /** Ends those whose time is over, and forgets the old. */
  sweep(): void {
    const now = this.#options.now();
    for (const approval of this.kept.all())
      if (isOpen(approval) && now >= endOf(approval) && !this.answering(approval)) this.end(approval, 'expired');
    this.kept.trim(now - this.#options.memory);
  }

  /** On disk, then known to whoever waits for it. */
  settle(approval: Held, to: ApprovalState): void {
    approval.state = to;
    this.kept.put(approval);
    this.tell(approval);
  }

  end(approval: Held, to: 'expired' | 'cancelled', reason?: string): void {
    // Whoever was let through before, or has gone, has nothing to hear of it.
    approval.told ||= approval.state === 'granted' || to === 'cancelled';
    const { used } = approval;
    this.#options.log.note(entry(`approval.${to}`, approval, { used, ...(reason && { reason }) }));
    this.settle(approval, to);
  }

  tell(approval: Held): void {
    if (approval.state !== 'pending') this.waiters.wake(approval.id);
    for (const fn of this.#listeners) fn(shown(approval));
    this.#arm();
  }

  answering({ id }: Approval): boolean {
    return this.#answering.has(id);
  }

  /** Records an answer; meanwhile nobody else can give one. */
  async record(approval: Held, draft: Draft): Promise<void> {
    this.#answering.add(approval.id);
    try {
      await this.#options.log.record(draft);
    } finally {
      this.#answering.delete(approval.id);
    }
  }

  onChange(fn: (approval: Approval) => void): () => void {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  /** Resolves once it is no longer pending, or `signal` aborts. Throws `Fault` (missing). */
  async settled(id: string, signal: AbortSignal): Promise<Approval> {
    this.sweep();
    if (this.kept.find(id).state === 'pending')
      await new Promise<void>(resolve => {
        const stop = this.onChange(approval => {
          if (approval.id === id && approval.state !== 'pending') over();
        });
        const over = (): void => {
          stop();
          signal.removeEventListener('abort', over);
          resolve();
        };
        signal.addEventListener('abort', over);
        if (signal.aborted) over();
      });
    return shown(this.kept.find(id));
  }

  close(): void {
    this.closing = true;
    clearTimeout(this.#timer);
  }

  /** Looks again when the next one ends. */
  #arm(): void {
    clearTimeout(this.#timer);
    const ends = this.kept.all().filter(isOpen).map(endOf);
    const next = ends.reduce((least, end) => Math.min(least, end), Number.POSITIVE_INFINITY);
    if (this.closing || next === Number.POSITIVE_INFINITY) return;
    const again = (): void => {
      try {
        this.sweep();
      } catch {
        // The disk: whoever asks next is told so.
      }
      this.#arm();
    };
    this.#timer = setTimeout(again, Math.min(look, Math.max(1, next - this.#options.now()))).unref();
  }
}
