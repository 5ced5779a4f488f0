/** Recovery: another writer in the place of one that was lost; after pauses that grow while they are lost again and again. */
import { setTimeout as pause } from 'node:timers/promises';
import type { End, Writer } from './commits.js';

/** A writer that ended before it had opened the file, or said why it can't: nothing is known against the file. */
export class LostWriter extends Error {}

/** Pauses before one attempt after the other, in milliseconds; the last one repeats. */
const pauses = [0, 100, 500, 2_000, 10_000, 30_000] as const;
/** Whoever is lost after this long, in milliseconds, is not lost "again". */
const lasting = 60_000;

export class Recovery {
  readonly #now: () => number;
  #attempts = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** Milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Starts writers until `use` is content with one (null); `use` says otherwise how that one ended. `reopen` rejects
   * `LostWriter`, or any other error if the file is in doubt. Rejects then, or when the disk is, or when the signal comes.
   */
  async lead(
    reopen: () => Promise<Writer>,
    use: (writer: Writer) => Promise<End | null>,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#now() - this.#last > lasting) this.#attempts = 0;
    for (;;) {
      await pause(pauses[Math.min(this.#attempts, pauses.length - 1)], undefined, { signal });
      this.#attempts += 1;
      this.#last = this.#now();
      try {
        const end = await use(await reopen());
        if (end === null) return;
        if (!end.lost) throw new Error(end.reason);
      } catch (error) {
        if (!(error instanceof LostWriter)) throw error;
      }
    }
  }
}
