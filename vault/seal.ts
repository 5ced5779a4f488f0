/**
 * Sealing: AES-256-GCM with a fresh random nonce for each seal, and the keys that the vault derives from its
 * key-encryption key. Byte layouts are in FORMAT.md.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

/** Gives this many unpredictable bytes. */
export type Random = (bytes: number) => Buffer;

/** Bytes of every key in the vault. */
export const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const cipher = 'aes-256-gcm';

/** The version of the format; bound into everything that is sealed. */
export const formatVersion = 1;

/** What a seal is for: a data key, a value, the roster, or what others keep elsewhere. One can't stand in for another. */
export type Purpose = 'key' | 'value' | 'roster' | 'outside';

/** Associated data: a JSON array, printed as RFC 8785 prints it, so that there is one encoding and one reading. */
export const associated = (purpose: Purpose, vault: string, ...bound: readonly unknown[]): Buffer =>
  Buffer.from(JSON.stringify(['tollfence vault', formatVersion, purpose, vault, ...bound]));

/** Seals `plain` under a key of 32 bytes: nonce (12) ‖ ciphertext ‖ tag (16). `plain` stays the caller's to zero. */
export function seal(key: Buffer, plain: Buffer, bound: Buffer, random: Random): Buffer {
  const nonce = random(nonceBytes);
  const sealer = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  sealer.setAAD(bound);
  return Buffer.concat([nonce, sealer.update(plain), sealer.final(), sealer.getAuthTag()]);
}

/** Opens what {@link seal} made; null if the key, the bound data or any byte differs. The caller zeroes the result. */
export function unseal(key: Buffer, sealed: Buffer, bound: Buffer): Buffer | null {
  if (sealed.length < nonceBytes + tagBytes) return null;
  // Without authTagLength Node would accept tags of four bytes.
  const opener = createDecipheriv(cipher, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  opener.setAAD(bound);
  opener.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plain = opener.update(sealed.subarray(nonceBytes, sealed.length - tagBytes));
  try {
    opener.final();
    return plain;
  } catch {
    plain.fill(0);
    return null;
  }
}

/** What the vault keeps of its key-encryption key: `check` may be stored, the others only live in memory. */
export interface Keys {
  /** Wraps data keys. */
  readonly wrap: Buffer;
  /** Seals the roster. */
  readonly roster: Buffer;
  /** Seals what other rooms keep in files of their own. */
  readonly outside: Buffer;
  /** Tells whether a key is this vault's; reveals nothing of the others (HKDF, RFC 5869). */
  readonly check: Buffer;
}

/** Derives the keys of the vault with this id, and zeroes the key-encryption key. */
export function deriveKeys(kek: Buffer, vault: string): Keys {
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', kek, vault, `tollfence vault v${formatVersion} ${use}`, keyBytes));
  const keys = { wrap: derive('wrap'), roster: derive('roster'), outside: derive('outside'), check: derive('check') };
  kek.fill(0);
  return keys;
}

/** Zeroes keys that are needed no more. */
export function forget(keys: Keys): void {
  for (const key of [keys.wrap, keys.roster, keys.outside, keys.check]) key.fill(0);
}
