/**
 * A permit: a recorded decision to allow one request. The log mints it once the decision is on disk; the vault and the
 * upstream demand one, and each accepts it once. (test/rooms.test.ts holds who may import `mint`.)
 */
import { Refusal } from './errors.js';

/** A permit is good for this long, in milliseconds. */
export const permitLifetime = 60_000;

/** What was allowed: everything that a permit binds. */
export interface Allowed {
  /** Id of the entry that recorded the decision. */
  readonly evidence: string;
  readonly gateway: string;
  readonly run: string;
  /** Hex SHA-256 of the canonical request ({@link requestHash}). */
  readonly request: string;
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  readonly connector: string;
  /** Name of the secret that may be leased, or null. */
  readonly secret: string | null;
}

/** Who accepts permits: each accepts a given one once. */
export type Holder = 'vault' | 'upstream';

/** Mints a permit for a decision that is on disk. Only `src/log/` may import this. `issued` in ms since the epoch. */
export let mint: (allowed: Allowed, issued: number) => Permit;

/** Proof that an allow was recorded. Nobody outside this file can make one. */
export class Permit {
  readonly allowed: Allowed;
  /** Milliseconds since the epoch. */
  readonly issued: number;
  #vault = false;
  #upstream = false;

  private constructor(allowed: Allowed, issued: number) {
    this.allowed = Object.freeze({ ...allowed });
    this.issued = issued;
    Object.freeze(this);
  }

  static {
    mint = (allowed, issued) => new Permit(allowed, issued);
  }

  /** @internal see {@link spend} */
  static take(permit: Permit, holder: Holder, request: string, now: number): string | null {
    if (!(permit instanceof Permit) || !(#vault in permit)) return 'it was not minted by the log';
    if (permit.allowed.request !== request) return 'it is for another request';
    if (now >= permit.issued + permitLifetime) return 'it has expired';
    if (holder === 'vault' ? permit.#vault : permit.#upstream) return `the ${holder} has already accepted it`;
    if (holder === 'vault') permit.#vault = true;
    else permit.#upstream = true;
    return null;
  }
}

/**
 * Accepts a permit for the request with this hash, once for each holder.
 * Throws `Refusal` (`denied`, rule `permit`) if it is not genuine, for another request, expired or spent.
 */
export function spend(permit: Permit, holder: Holder, request: string, now: number): Allowed {
  const fault = Permit.take(permit, holder, request, now);
  if (fault !== null) throw new Refusal('denied', `The permit was rejected: ${fault}.`, { rule: 'permit' });
  return permit.allowed;
}
