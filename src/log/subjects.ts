/**
 * Subjects: the part of verification that checks what the proxy has signed of who asked, with the keys of gateways that the log
 * itself names. Whoever changes an entry and chains the log anew would need these keys as well.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { canonical } from './canonical.js';
import { Finding } from './finding.js';

type Entry = { readonly [member: string]: unknown };

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const object = (value: unknown): Entry | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Entry) : null;

/** A run's subject is the same in each of its entries: so many are remembered. */
const mostKnown = 10_000;

export class Subjects {
  readonly #keys = new Map<string, { readonly gateway: string; readonly key: KeyObject }>();
  readonly #good = new Set<string>();
  #signed = 0;

  /** Throws `Finding` for a subject that its gateway's key has not signed. Those without a signature say nothing. */
  follow(entry: Entry, seq: number): void {
    const fault = (code: 'key_unusable' | 'signature_unknown' | 'signature_forged', what: string): Finding =>
      new Finding(code, seq, `Entry ${seq}, ${text(entry.type)}: ${what}.`, text(entry.id) || null);
    const made = object(entry.key);
    if ((entry.type === 'key.created' || entry.type === 'key.rotated') && made !== null) {
      try {
        this.#keys.set(text(made.id), { gateway: text(entry.gateway), key: createPublicKey(text(made.public)) });
      } catch {
        throw fault('key_unusable', 'its public key can not be read');
      }
    }
    const subject = object(entry.subject);
    const signature = object(subject?.signature);
    if (subject === null || signature === null) return;
    const spelled = JSON.stringify(subject);
    if (this.#good.has(spelled)) return;
    const known = this.#keys.get(text(signature.key));
    if (known === undefined || known.gateway !== subject.id)
      throw fault('signature_unknown', 'its subject is signed with a key that the log does not know for its gateway');
    const { signature: _, ...said } = subject;
    const value = Buffer.from(text(signature.value), 'base64url');
    if (!verify(null, Buffer.from(canonical(said)), known.key, value))
      throw fault('signature_forged', 'its subject is not the one that was signed');
    this.#signed += 1;
    if (this.#good.size >= mostKnown) this.#good.clear();
    this.#good.add(spelled);
  }

  /** How many different subjects were checked. */
  get signed(): number {
    return this.#signed;
  }
}
