/** Waiters: the requests that are held for an approval, and whoever else waits for its answer. */
import type { Flight } from '../http/flights.js';

/** A timer of Node's for longer than this ends at once. */
const longest = 2 ** 31 - 1;

export class Waiters {
  readonly #held = new Map<string, Set<() => void>>();

  /** Whether a request is held for this approval. */
  any(id: string): boolean {
    return (this.#held.get(id)?.size ?? 0) > 0;
  }

  /** Its state has changed. */
  wake(id: string): void {
    for (const done of [...(this.#held.get(id) ?? [])]) done();
  }

  /** Resolves when the state changes, the time (milliseconds) is over, or the client goes. */
  hold(id: string, flight: Flight, milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      if (flight.gone || flight.stopped) return resolve();
      const held = this.#held.get(id) ?? new Set();
      this.#held.set(id, held);
      const done = (): void => {
        clearTimeout(timer);
        held.delete(done);
        if (held.size === 0) this.#held.delete(id);
        flight.onStop = null;
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(0, milliseconds), longest));
      held.add(done);
      flight.onStop = done;
    });
  }
}
