/** Flights: what is on the wire at this moment and whose it is, so that the kill switch can destroy it. */
import { type Belongs, covers } from '../identity/kill.js';
import type { KillScope } from '../model.js';

/** A tunnel or an exchange that is open. Its owner becomes known as the line goes on. */
export class Flight implements Belongs {
  gateway: string | null = null;
  run: string | null = null;
  connector: string | null = null;
  /** True once a kill or the end of its run has stopped it. */
  stopped = false;
  /** True once the client has gone. */
  gone = false;
  /** Whoever holds the request without reading from it hears here that it was stopped, or that the client has gone. */
  onStop: (() => void) | null = null;
  readonly kind: 'tunnel' | 'exchange';
  readonly #destroy: () => void;

  constructor(kind: 'tunnel' | 'exchange', destroy: () => void) {
    this.kind = kind;
    this.#destroy = destroy;
  }

  /** The client's connection has closed. */
  leave(): void {
    this.gone = true;
    this.onStop?.();
  }

  /** Ends it on both sides, at once. */
  stop(): void {
    this.stopped = true;
    this.#destroy();
    this.onStop?.();
  }
}

/** All flights of this proxy. */
export class Flights {
  readonly #open = new Set<Flight>();

  begin(kind: Flight['kind'], destroy: () => void): Flight {
    const flight = new Flight(kind, destroy);
    this.#open.add(flight);
    return flight;
  }

  end(flight: Flight): void {
    this.#open.delete(flight);
  }

  /** Destroys what the scope covers; says how many exchanges and tunnels that were. */
  stop(scope: KillScope): { exchanges: number; tunnels: number } {
    const count = { exchanges: 0, tunnels: 0 };
    // Exchanges first: each destroys its upstream side too, before its tunnel falls.
    for (const kind of ['exchange', 'tunnel'] as const) {
      for (const flight of this.#open) {
        if (flight.kind !== kind || !covers(scope, flight)) continue;
        this.#open.delete(flight);
        flight.stop();
        count[kind === 'exchange' ? 'exchanges' : 'tunnels'] += 1;
      }
    }
    return count;
  }

  /** How many exchanges are open. */
  get exchanges(): number {
    let count = 0;
    for (const flight of this.#open) if (flight.kind === 'exchange') count += 1;
    return count;
  }
}
