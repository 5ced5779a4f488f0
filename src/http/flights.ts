/** Flights: what is on the wire at this moment and whose it is, so that the kill switch can destroy it. */
import type { Socket } from 'node:net';
import { Refusal } from '../errors.js';
import { type Belongs, covers } from '../identity/kill.js';
import type { Caller, KillScope } from '../model.js';
import { Crowd, type Member } from './crowd.js';

const none: readonly string[] = [];

/** A client that is told why it was stopped has so many milliseconds to read it. Whatever else it sends is refused. */
const linger = 1_000;

/** A tunnel or an exchange that is open. Its owner becomes known as the line goes on. */
export class Flight implements Belongs, Member {
  place = -1;
  /** Name of the gateway whose own it is. */
  gateway: string | null = null;
  gateways: readonly string[] = none;
  runs: readonly string[] = none;
  grants: readonly string[] = none;
  connector: string | null = null;
  /** True once a kill or the end of its run has stopped it. */
  stopped = false;
  /** What stopped it, where that is known. */
  stoppedBy: KillScope | null = null;
  /** While nothing of it is on its way: whoever holds it answers its client when it is stopped. */
  held = false;
  /** True once the client has gone. */
  gone = false;
  /** Whoever holds the request without reading from it hears here that it was stopped, or that the client has gone. */
  onStop: (() => void) | null = null;
  readonly kind: 'tunnel' | 'exchange';
  /** The client's connection itself, below any TLS; null for what comes from ourselves. */
  readonly client: Socket | null;
  readonly #destroy: () => void;
  readonly #claim: (gateway: string) => void;

  constructor(
    kind: 'tunnel' | 'exchange',
    destroy: () => void,
    claim: (gateway: string) => void,
    client: Socket | null = null,
  ) {
    this.kind = kind;
    this.client = client;
    this.#destroy = destroy;
    this.#claim = claim;
  }

  /** Says whose it is. Throws `Refusal` (`overloaded`) when that gateway has its share of the proxy already. */
  belongTo({ subject, grants }: Caller): void {
    this.#claim(subject.id);
    this.gateway = subject.id;
    this.gateways = subject.chain;
    this.runs = subject.runs;
    if (grants.length > 0) this.grants = grants.map(({ id }) => id);
  }

  /** The client's connection has closed. */
  leave(): void {
    this.gone = true;
    this.onStop?.();
  }

  /** Ends it on both sides, at once; one that is held ends with its answer. */
  stop(by: KillScope | null = null): void {
    this.stopped = true;
    this.stoppedBy = by;
    if (!this.held) this.#destroy();
    this.onStop?.();
  }
}

/** All flights of this proxy. */
export class Flights {
  readonly #open = new Crowd<Flight>();
  /** Exchanges of each gateway that has any. */
  readonly #exchanges = new Map<string, number>();
  readonly #share: number;

  /** `share`: how many exchanges one gateway may have open at once. */
  constructor(share: number) {
    this.#share = share;
  }

  /** `claim` hears whose an exchange is before it goes on, and may refuse it. */
  begin(
    kind: Flight['kind'],
    destroy: () => void,
    claim: (gateway: string) => void = () => {},
    client: Socket | null = null,
  ): Flight {
    const owned = (gateway: string): void => {
      claim(gateway);
      if (kind === 'tunnel') return;
      const count = this.#exchanges.get(gateway) ?? 0;
      if (count >= this.#share)
        throw new Refusal('overloaded', `${gateway} has ${count} requests open, and one gateway may not have more.`);
      this.#exchanges.set(gateway, count + 1);
    };
    const flight = new Flight(kind, destroy, owned, client);
    this.#open.add(flight);
    return flight;
  }

  end(flight: Flight): void {
    if (!this.#open.delete(flight) || flight.kind !== 'exchange' || flight.gateway === null) return;
    const left = this.#exchanges.get(flight.gateway)! - 1;
    if (left > 0) this.#exchanges.set(flight.gateway, left);
    else this.#exchanges.delete(flight.gateway);
  }

  /** Destroys what the scope covers; says how many exchanges and tunnels that were. */
  stop(scope: KillScope): { exchanges: number; tunnels: number } {
    const count = { exchanges: 0, tunnels: 0 };
    /** Connections on which somebody is being told. */
    const telling = new Set<Socket | null>();
    // Exchanges first: each destroys its upstream side too, before its tunnel falls.
    for (const kind of ['exchange', 'tunnel'] as const) {
      for (const flight of this.#open.all()) {
        if (flight.kind !== kind || flight.place < 0 || !covers(scope, flight)) continue;
        this.end(flight);
        if (flight.held) telling.add(flight.client);
        if (kind === 'tunnel' && telling.has(flight.client)) setTimeout(() => flight.stop(scope), linger).unref();
        else flight.stop(scope);
        count[kind === 'exchange' ? 'exchanges' : 'tunnels'] += 1;
      }
    }
    return count;
  }

  /** How many exchanges are open. */
  get exchanges(): number {
    let count = 0;
    for (const flight of this.#open.all()) if (flight.kind === 'exchange') count += 1;
    return count;
  }
}
