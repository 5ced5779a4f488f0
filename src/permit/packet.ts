/**
 * Packet: a permit on its way to an executor in another process, as a JWS in compact form (RFC 7515, EdDSA by RFC 8037),
 * signed with the key of its gateway. Inside one process the object itself is the proof, and nothing is signed.
 */
import { Refusal } from '../errors.js';
import { type Allowed, type Permit, permitLifetime } from '../permit.js';

/** Signs for a gateway. */
export interface Signer {
  /** Id of the key that signs now. */
  current(gateway: string): { readonly id: string };
  sign(gateway: string, bytes: Uint8Array): { readonly key: string; readonly value: string };
}

/** Checks what was signed for a gateway. */
export interface Verifier {
  verify(gateway: string, bytes: Uint8Array, signature: { readonly key: string; readonly value: string }): boolean;
}

/** What a packet says: all that its permit binds, and when that was minted (milliseconds since the epoch). */
export interface Opened {
  readonly allowed: Allowed;
  readonly issued: number;
}

const type = 'tollfence-permit';
/** No packet is longer, in characters. */
const limit = 4_096;

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Prints and signs a permit. */
export function seal({ allowed, issued }: Permit, signer: Signer): string {
  const { gateway } = allowed;
  const header = { alg: 'EdDSA', kid: signer.current(gateway).id, typ: type };
  const signed = `${encoded(header)}.${encoded({ ...allowed, issued })}`;
  return `${signed}.${signer.sign(gateway, Buffer.from(signed)).value}`;
}

const rejected = (why: string): Refusal =>
  new Refusal('denied', `The permit was rejected: ${why}.`, { rule: 'permit' });

/** What an executor accepts packets with: each once, for the request that it is for, and for a minute. */
export class Packets {
  readonly #verifier: Verifier;
  readonly #now: () => number;
  /** Entries whose packet was accepted, the oldest first, and until when one could come again. */
  readonly #seen = new Map<string, number>();

  constructor(verifier: Verifier, now: () => number) {
    this.#verifier = verifier;
    this.#now = now;
  }

  /**
   * Accepts a packet for the request with this hash. Throws `Refusal` (`denied`, rule `permit`) for one that is no packet,
   * or that is forged, altered, for another request, stale, or not seen for the first time.
   */
  open(packet: string, request: string): Opened {
    const { allowed, issued } = this.#read(packet);
    const now = this.#now();
    if (allowed.request !== request) throw rejected('it is for another request');
    // One from the future would outlive a minute.
    if (!Number.isFinite(issued) || now >= issued + permitLifetime || issued > now + permitLifetime)
      throw rejected('it has expired');
    for (const [evidence, until] of this.#seen) {
      if (until > now) break;
      this.#seen.delete(evidence);
    }
    if (this.#seen.has(allowed.evidence)) throw rejected('it was accepted before');
    this.#seen.set(allowed.evidence, now + 2 * permitLifetime);
    return { allowed, issued };
  }

  #read(packet: string): Opened {
    const parts = packet.length > limit ? [] : packet.split('.');
    if (parts.length !== 3) throw rejected('it is no permit');
    const [header = '', payload = '', value = ''] = parts;
    const { alg, typ, kid } = decoded(header);
    const { issued, ...allowed } = decoded(payload);
    if (alg !== 'EdDSA' || typ !== type || typeof kid !== 'string' || typeof allowed.gateway !== 'string')
      throw rejected('it is no permit');
    const signature = { key: kid, value };
    if (!this.#verifier.verify(allowed.gateway, Buffer.from(`${header}.${payload}`), signature))
      throw rejected('its signature is not that of its gateway');
    // Whoever has the key has printed it from a permit.
    return { allowed: allowed as unknown as Allowed, issued: issued as number };
  }
}

function decoded(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw rejected('it is no permit');
}
