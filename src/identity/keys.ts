/**
 * Keys: each gateway has an Ed25519 key (RFC 8032), with which the proxy signs what it says of that gateway to others: who
 * its runs are for, its grants, its permits. A rotation makes a new one; the one before signs nothing more, and what it
 * signed can still be checked.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { State } from './state.js';

/** A key as it is kept. */
export interface StoredKey {
  /** `key_` and the first 16 hex digits of the SHA-256 of the public key. */
  readonly id: string;
  readonly gateway: string;
  /** PKCS #8, PEM; null once it was rotated. */
  readonly private: string | null;
  /** SPKI, PEM. */
  readonly public: string;
  readonly created_at: string;
  readonly rotated_at: string | null;
}

/** What may be known of a key. */
export type PublicKey = Omit<StoredKey, 'private'>;

/** What was signed, and by which key. */
export interface Signature {
  readonly key: string;
  /** base64url */
  readonly value: string;
}

/** The keys of all gateways. */
export interface Keys {
  /** Signs with the gateway's key; makes one if it has none. */
  sign(gateway: string, bytes: Uint8Array): Signature;
  /** Whether that key of that gateway, also one that was rotated, has signed these bytes. */
  verify(gateway: string, bytes: Uint8Array, signature: Signature): boolean;
  /** The key that signs now; made if there is none. */
  current(gateway: string): PublicKey;
  /** All keys, of one gateway or of all, the newest last. */
  list(gateway?: string): PublicKey[];
  /**
   * Makes a new key, and forgets the private half of the one before, once `record` has written that down and told those who
   * check signatures of the key, which is in the list by then; rejects as that does, and then nothing has changed.
   */
  rotate(gateway: string, record: (next: PublicKey, before: PublicKey | null) => Promise<unknown>): Promise<PublicKey>;
  /** Forgets all keys of a gateway that is no more. */
  forget(gateway: string): void;
}

const shown = ({ private: _, ...key }: StoredKey): PublicKey => key;
const shownOrNull = (key: StoredKey | undefined): PublicKey | null => (key === undefined ? null : shown(key));

/** Checks signatures with these public keys. */
export function openVerifier(all: readonly PublicKey[]): Pick<Keys, 'verify'> {
  const keys = new Map(all.map(key => [key.id, { gateway: key.gateway, half: createPublicKey(key.public) }]));
  return {
    verify(gateway, bytes, { key: id, value }) {
      const key = keys.get(id);
      if (key === undefined || key.gateway !== gateway) return false;
      return verify(null, bytes, key.half, Buffer.from(value, 'base64url'));
    },
  };
}

export function openKeys(state: Pick<State, 'keys' | 'together'>, now: () => number): Keys {
  const keys = new Map(state.keys.all().map(key => [key.id, key]));
  const halves = new Map<string, KeyObject>();
  const half = (text: string, make: (pem: string) => KeyObject): KeyObject => {
    const key = halves.get(text) ?? make(text);
    halves.set(text, key);
    return key;
  };
  const of = (gateway: string): StoredKey[] =>
    [...keys.values()]
      .filter(key => key.gateway === gateway)
      .sort((a, b) =>
        a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.private === null ? -1 : 1,
      );
  const signing = (gateway: string): StoredKey | undefined =>
    [...keys.values()].find(key => key.gateway === gateway && key.private !== null);

  function make(gateway: string): StoredKey {
    const pair = generateKeyPairSync('ed25519');
    const id = createHash('sha256')
      .update(pair.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex');
    return {
      id: `key_${id.slice(0, 16)}`,
      gateway,
      private: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      public: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
      created_at: new Date(now()).toISOString(),
      rotated_at: null,
    };
  }
  function keep(...changed: StoredKey[]): void {
    state.together(() => {
      for (const key of changed) state.keys.put(key.id, key);
    });
    for (const key of changed) keys.set(key.id, key);
  }
  function current(gateway: string): StoredKey {
    const known = signing(gateway);
    if (known !== undefined) return known;
    const made = make(gateway);
    keep(made);
    return made;
  }

  const rotate: Keys['rotate'] = async (gateway, record) => {
    const made = make(gateway);
    // It is known wherever it is checked before it signs.
    keys.set(made.id, { ...made, private: null });
    try {
      await record(shown(made), shownOrNull(signing(gateway)));
      const before = signing(gateway);
      if (before === undefined) keep(made);
      else keep({ ...before, private: null, rotated_at: made.created_at }, made);
    } catch (error) {
      keys.delete(made.id);
      throw error;
    }
    halves.clear();
    return shown(made);
  };
  let turn: Promise<unknown> = Promise.resolve();

  return {
    sign(gateway, bytes) {
      const key = current(gateway);
      return { key: key.id, value: sign(null, bytes, half(key.private!, createPrivateKey)).toString('base64url') };
    },
    verify(gateway, bytes, { key: id, value }) {
      const key = keys.get(id);
      if (key === undefined || key.gateway !== gateway) return false;
      return verify(null, bytes, half(key.public, createPublicKey), Buffer.from(value, 'base64url'));
    },
    current: gateway => shown(current(gateway)),
    list: gateway => (gateway === undefined ? [...keys.values()].map(shown) : of(gateway).map(shown)),
    rotate(gateway, record) {
      const rotated = turn.then(() => rotate(gateway, record));
      turn = rotated.catch(() => {});
      return rotated;
    },
    forget(gateway) {
      const gone = of(gateway);
      state.together(() => {
        for (const { id } of gone) state.keys.remove(id);
      });
      for (const { id } of gone) keys.delete(id);
      halves.clear();
    },
  };
}
