/** Executor: sends what is due, by the wall clock, and notes how it ended. Nothing is sent early, or for the second time. */
import { Fault, Refusal } from '../errors.js';
import type { Deferral, Packet } from './deferral.js';
import type { Deferrals } from './index.js';

/** What came of sending one: by the upstream, or (`code`) by ourselves instead. */
export interface Sent {
  readonly status: number;
  readonly code: string | null;
  readonly detail: string;
  /** Whether it may help to send it again, if it was not let through. */
  readonly retryable: boolean;
}

/** How it is furnished. */
export interface ExecutorOptions {
  readonly deferrals: Deferrals;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What is due for longer, in milliseconds, is cancelled. */
  readonly late: number;
  /** Whether anything can be sent at all: the vault is open, the log is sound. */
  ready(): boolean;
  /** Why this may not be done any more, as a sentence, or null. */
  objection(deferral: Deferral, packet: Packet): string | null;
  /** Sends it through the front door, once. Doesn't reject. */
  send(deferral: Deferral, packet: Packet): Promise<Sent>;
  diagnose(error: unknown): void;
}

/** How often the clock is looked at, in milliseconds: it may have been set. */
const step = 250;
/** At once. */
const most = 16;
/** Pauses between attempts, in milliseconds. */
const firstPause = 1_000;
const longestPause = 300_000;

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #underWay = new Map<string, Promise<void>>();
  /** Those that could not be let through yet: when they are tried again. */
  readonly #pauses = new Map<string, { until: number; pause: number }>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** Looks from now on; what is overdue is sent at once. */
  start(): void {
    this.#timer = setInterval(() => this.look(), step).unref();
  }

  /** Sends what is due now; resolves when what is under way by then has ended. */
  async look(): Promise<void> {
    const { deferrals, now, ready } = this.#options;
    if (deferrals.waiting === 0 || !ready()) return;
    for (const deferral of deferrals.list()) {
      const { id, state, due_at } = deferral;
      if (state !== 'scheduled' || Date.parse(due_at) > now() || this.#underWay.has(id)) continue;
      if (this.#underWay.size >= most) break;
      if (now() < (this.#pauses.get(id)?.until ?? 0)) continue;
      const done = this.#execute(deferral)
        .catch(error => this.#options.diagnose(error))
        .finally(() => this.#underWay.delete(id));
      this.#underWay.set(id, done);
    }
    await Promise.all(this.#underWay.values());
  }

  /** Begins nothing more; resolves when what is under way has ended. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await Promise.all(this.#underWay.values());
  }

  async #execute(deferral: Deferral): Promise<void> {
    const { deferrals, now, late, objection, send } = this.#options;
    const { id, due_at } = deferral;
    if (now() - Date.parse(due_at) > late)
      return this.#cancel(id, 'It has been due for too long: no proxy ran, or it could not be let through.');
    let packet: Packet;
    try {
      packet = deferrals.open(id);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === 'vault_locked') throw error;
      return this.#cancel(id, error.message);
    }
    const why = objection(deferral, packet);
    if (why !== null) return this.#cancel(id, why);
    const sent = await send(deferral, packet);
    const { state } = deferrals.find(id);
    if (state === 'executed') {
      deferrals.settle(
        id,
        sent.code === null ? { status: sent.status, error: null } : { status: null, error: sent.code },
      );
    } else if (state === 'scheduled') {
      // Unless the clock was set back meanwhile: then it waits.
      if (!sent.retryable && now() >= Date.parse(due_at)) return this.#cancel(id, sent.detail);
      const pause = Math.min((this.#pauses.get(id)?.pause ?? firstPause / 2) * 2, longestPause);
      this.#pauses.set(id, { until: now() + pause, pause });
      return;
    }
    this.#pauses.delete(id);
  }

  async #cancel(id: string, reason: string): Promise<void> {
    this.#pauses.delete(id);
    try {
      await this.#options.deferrals.cancel(id, 'tollfence', reason);
    } catch (error) {
      // Somebody took it back in the same moment.
      if (!(error instanceof Fault)) throw error;
    }
  }
}
