/** Leases: a secret that is out of the vault, for one gateway and run, and for a minute at most. */
import type { KillScope, Scheme } from '../src/model.js';
import type { Allowed } from '../src/permit.js';
import { VaultError } from './error.js';
import type { Contents, Entry } from './roster.js';

/** A lease ends by itself after this long, in milliseconds. */
export const leaseLifetime = 60_000;

/** So many are open at most: the oldest ends when there is one more. */
export const mostLeases = 1024;

/** A secret's value on loan. It ends when the vault says so, not when its user does. */
export interface Lease {
  readonly name: string;
  readonly version: number;
  readonly scheme: Scheme;
  /** The connector that it is for, or null. */
  readonly connector: string | null;
  /** The value itself, not a copy: zeroed when the lease ends. Throws `expired` from then on. */
  readonly value: Buffer;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
  /** Id of the entry of the decision that it was opened for; others use it later, each by a permit of its own. */
  readonly opened_by: string;
}

class Loan implements Lease {
  readonly name: string;
  readonly version: number;
  readonly scheme: Scheme;
  readonly connector: string | null;
  readonly expires_at: number;
  readonly opened_by: string;
  readonly entry: Entry;
  readonly gateway: string;
  readonly run: string;
  readonly timer: NodeJS.Timeout;
  readonly #value: Buffer;
  #ended = false;

  constructor(entry: Entry, value: Buffer, { gateway, run, evidence }: Allowed, expires: number, over: () => void) {
    const { name, version, scheme, connector } = entry.meta;
    this.name = name;
    this.version = version;
    this.scheme = scheme;
    this.connector = connector;
    this.expires_at = expires;
    this.opened_by = evidence;
    this.entry = entry;
    this.gateway = gateway;
    this.run = run;
    this.#value = value;
    this.timer = setTimeout(over, leaseLifetime).unref();
  }

  get value(): Buffer {
    if (!this.#ended) return this.#value;
    throw new VaultError('expired', `The lease of the secret ${this.name} is over.`);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.timer);
    this.#value.fill(0);
  }
}

/** The open leases of a vault. */
export class Leases {
  readonly #now: () => number;
  /** By gateway, run and secret. */
  readonly #open = new Map<string, Loan>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The open lease of this secret, as it is now, for who is allowed it; or a new one, of the value that `open` gives. */
  take(allowed: Allowed, entry: Entry, open: () => Buffer): Lease {
    const key = `${allowed.gateway}\n${allowed.run}\n${entry.meta.name}`;
    const known = this.#open.get(key);
    if (known !== undefined && known.entry === entry && this.#now() < known.expires_at) return known;
    if (known !== undefined) this.#end(key, known);
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= mostLeases) this.#end(...oldest);
    const expires = this.#now() + leaseLifetime;
    const loan: Loan = new Loan(entry, open(), allowed, expires, () => this.#end(key, loan));
    this.#open.set(key, loan);
    return loan;
  }

  /** Ends those of secrets that are no longer what they were; all of them if nothing is known any more. */
  keep(contents: Contents | null): void {
    for (const [key, loan] of this.#open) if (contents?.entries.get(loan.name) !== loan.entry) this.#end(key, loan);
  }

  /** Ends those that a scope covers. One may serve several connectors: if one of those is stopped, all end. */
  revoke(scope: KillScope): void {
    // What else its run does is served by the same ones.
    if (scope.kind === 'grant') return;
    for (const [key, loan] of this.#open)
      if ((scope.kind !== 'gateway' && scope.kind !== 'run') || loan[scope.kind] === scope.name) this.#end(key, loan);
  }

  #end(key: string, loan: Loan): void {
    loan.end();
    if (this.#open.get(key) === loan) this.#open.delete(key);
  }
}
