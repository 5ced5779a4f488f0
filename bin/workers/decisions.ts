/** Decisions: what one worker has decided to send, and whose end nobody has recorded yet; with their permits. */
import { timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../src/errors.js';
import { type Signer, seal } from '../../src/permit/packet.js';
import type { Permit } from '../../src/permit.js';

/** Whose it is. */
export interface Owner {
  readonly run: string | null;
  readonly gateway: string | null;
}

/** One that isn't a denial. */
export interface Open extends Owner {
  /** Id of its entry. */
  readonly decided: string;
  /** What the vault asks for; null while a human is asked. */
  permit: Permit | null;
  /** The same as it was given to the worker. */
  packet: string;
}

export class Decisions {
  readonly #signer: Signer;
  /** By the id of the decision. */
  readonly #open = new Map<string, Open>();
  /** The same by the id of the entry that a permit names: the decision's, or that of its redeemed approval. */
  readonly #permitted = new Map<string, Open>();

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  get size(): number {
    return this.#open.size;
  }

  all(): IterableIterator<Open> {
    return this.#open.values();
  }

  /** Adds one; the packet of its permit, or empty. */
  add(decided: string, { run, gateway }: Owner, permit: Permit | null): string {
    const packet = permit === null ? '' : seal(permit, this.#signer);
    const open: Open = { run, gateway, decided, permit, packet };
    this.#open.set(decided, open);
    if (permit !== null) this.#permitted.set(decided, open);
    return packet;
  }

  /** Notes what was redeemed for one; the packet of its permit. */
  grant(decided: string, permit: Permit): string {
    const packet = seal(permit, this.#signer);
    const open = this.#open.get(decided);
    if (open === undefined) return packet;
    Object.assign(open, { permit, packet });
    this.#permitted.set(permit.allowed.evidence, open);
    return packet;
  }

  /** The one that the permit of this entry is for. */
  of(evidence: string): Open | undefined {
    return this.#permitted.get(evidence);
  }

  /** The permit of a packet that this worker was given. Throws `Refusal`. */
  permitFor(evidence: string, packet: string): Permit {
    const open = this.#permitted.get(evidence);
    const given = Buffer.from(open?.packet ?? '');
    const shown = Buffer.from(packet);
    // It was signed here: whatever differs from it in any byte is forged, altered, or another one's.
    if (open?.permit != null && given.length === shown.length && timingSafeEqual(given, shown)) return open.permit;
    throw new Refusal('denied', 'The permit was rejected: it is not one that this worker was given.', {
      rule: 'permit',
    });
  }

  /** How it ended is recorded. */
  complete(decided: string): void {
    const open = this.#open.get(decided);
    this.#open.delete(decided);
    if (open?.permit != null) this.#permitted.delete(open.permit.allowed.evidence);
  }

  clear(): void {
    this.#open.clear();
    this.#permitted.clear();
  }
}
