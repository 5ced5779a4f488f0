/** Guesses: how often an address may ask for a link that there isn't. Whoever has a link is never held up by whoever guesses. */

/** Misses that one address has in a minute. */
const allowed = 20;
const window = 60_000;
/** Addresses that are remembered at a time. */
const most = 10_000;

export class Guesses {
  readonly #now: () => number;
  readonly #misses = new Map<string, { count: number; until: number }>();

  /** Milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a miss. Returns how many milliseconds its address must wait; 0: it may go on. */
  miss(address: string): number {
    const now = this.#now();
    let known = this.#misses.get(address);
    if (known === undefined || known.until <= now) {
      this.#misses.delete(address);
      const [oldest] = this.#misses.keys();
      if (this.#misses.size >= most) this.#misses.delete(oldest!);
      known = { count: 0, until: now + window };
      this.#misses.set(address, known);
    }
    known.count++;
    return known.count > allowed ? known.until - now : 0;
  }
}
