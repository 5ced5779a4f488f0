/** Contexts: what a TLS server needs to be a host, made once for each and kept while it is used. */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Leaf } from './leaf.js';

/** A leaf is made anew when less than this is left of it, in milliseconds: longer than a connection lives. */
const leafMargin = 24 * 3_600_000;

export type { SecureContext } from 'node:tls';

export class Contexts {
  readonly #key: string;
  readonly #now: () => number;
  readonly #most: number;
  readonly #known = new Map<string, { readonly leaf: Leaf; readonly context: SecureContext }>();

  /** `key`: the private key of all leaves, as PEM. Those used last are kept, `most` of them. */
  constructor(key: string, now: () => number, most: number) {
    this.#key = key;
    this.#now = now;
    this.#most = most;
  }

  /** The context of a host, if there is one whose leaf is still good. */
  find(host: string): SecureContext | null {
    const entry = this.#known.get(host);
    if (entry === undefined) return null;
    const { notBefore, notAfter } = entry.leaf;
    if (notBefore > this.#now() || this.#now() >= notAfter - leafMargin) return null;
    // A Map keeps the order of insertion: what is used moves to the end, and what is first was used longest ago.
    this.#known.delete(host);
    this.#known.set(host, entry);
    return entry.context;
  }

  /** Makes the context of a host from its leaf. */
  make(host: string, leaf: Leaf): SecureContext {
    const context = createSecureContext({ key: this.#key, cert: leaf.certificatePem, minVersion: 'TLSv1.2' });
    this.#drop(host);
    this.#known.set(host, { leaf, context });
    if (this.#known.size > this.#most) this.#drop(this.#known.keys().next().value!);
    return context;
  }

  #drop(host: string): void {
    const entry = this.#known.get(host);
    if (entry === undefined) return;
    this.#known.delete(host);
    // The collector sees next to nothing of what OpenSSL holds for it, and would let that grow by hundreds of MiB. Whoever
    // was given it in this turn still begins with it; a connection that has begun has a hold of its own.
    setImmediate(() => (entry.context.context as { close(): void }).close());
  }
}
