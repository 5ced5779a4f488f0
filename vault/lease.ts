/** A lease: the moment a secret is out of the vault, for one permit. */
import type { Scheme } from '../src/model.js';
import { VaultError } from './error.js';
import type { SecretMeta } from './secret.js';

/** A lease ends by itself after this long, in milliseconds. */
export const leaseLifetime = 60_000;

/** A secret's value on loan. */
export interface Lease {
  readonly name: string;
  readonly version: number;
  readonly scheme: Scheme;
  /** The connector that it is for, or null. */
  readonly connector: string | null;
  /** The value itself, not a copy: zeroed on release. Throws `expired` once the lease is over. */
  readonly value: Buffer;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
  /** Ends the lease and zeroes the value. May be called twice. */
  release(): void;
}

/** Lends `value`; `over` is told when the lease ends. */
export class Loan implements Lease {
  readonly name: string;
  readonly version: number;
  readonly scheme: Scheme;
  readonly connector: string | null;
  readonly expires_at: number;
  readonly #value: Buffer;
  readonly #now: () => number;
  readonly #over: (loan: Loan) => void;
  readonly #timer: NodeJS.Timeout;
  #released = false;

  constructor(meta: SecretMeta, value: Buffer, now: () => number, over: (loan: Loan) => void) {
    this.name = meta.name;
    this.version = meta.version;
    this.scheme = meta.scheme;
    this.connector = meta.connector;
    this.expires_at = now() + leaseLifetime;
    this.#value = value;
    this.#now = now;
    this.#over = over;
    this.#timer = setTimeout(() => this.release(), leaseLifetime).unref();
  }

  get value(): Buffer {
    if (this.#now() >= this.expires_at) this.release();
    if (this.#released) throw new VaultError('expired', `The lease of the secret ${this.name} is over.`);
    return this.#value;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    clearTimeout(this.#timer);
    this.#value.fill(0);
    this.#over(this);
  }
}
