/**
 * Signed notes (C2SP signed-note, https://c2sp.org/signed-note; Go's golang.org/x/mod/sumdb/note): a text, a blank line,
 * and signature lines. Ed25519 only.
 */
import { createHash, createPublicKey, type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';

const ed25519 = 1;

/** Curve points of small order (and other spellings of them), by y with the sign bit cleared: such a key "verifies" forgeries. */
const smallOrder = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** The raw 32 bytes of an Ed25519 public key. */
export const rawPublicKey = (key: KeyObject): Buffer => Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url');

/** A public key from its raw 32 bytes. Throws `TypeError` for another length and for points of small order. */
export function publicKeyFromRaw(raw: Uint8Array): KeyObject {
  if (raw.length !== 32) throw new TypeError(`An Ed25519 public key has 32 bytes, this one has ${raw.length}.`);
  const y = Buffer.from(raw);
  y[31]! &= 0x7f;
  if (smallOrder.has(y.toString('hex')))
    throw new TypeError('This Ed25519 key is a point of small order: it would accept forged signatures.');
  return createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') },
  });
}

/** Who may sign a note: a name and a public key, from which the key id follows. */
export class Verifier {
  readonly name: string;
  readonly raw: Buffer;
  /** 4 bytes: SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key), cut. */
  readonly id: Buffer;
  readonly #key: KeyObject;

  constructor(name: string, raw: Uint8Array) {
    if (name === '' || /[\s+]/u.test(name)) throw new TypeError('The name of a key has no spaces and no plus sign.');
    this.#key = publicKeyFromRaw(raw);
    this.name = name;
    this.raw = Buffer.from(raw);
    this.id = createHash('sha256')
      .update(`${name}\n`)
      .update(Uint8Array.of(ed25519))
      .update(raw)
      .digest()
      .subarray(0, 4);
  }

  /** The verifier of a vkey, `name+id+key`. Throws `TypeError` when it isn't one. */
  static parse(vkey: string): Verifier {
    const [, name, id, key] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(vkey.trim()) ?? [];
    const bytes = Buffer.from(key ?? '', 'base64');
    if (name === undefined || bytes[0] !== ed25519)
      throw new TypeError('It is not an Ed25519 verifier key (name+id+key).');
    const verifier = new Verifier(name, bytes.subarray(1));
    if (verifier.id.toString('hex') !== id)
      throw new TypeError('The id in the verifier key does not belong to its name and key.');
    return verifier;
  }

  /** The form in which the key is published. */
  toString(): string {
    return `${this.name}+${this.id.toString('hex')}+${Buffer.concat([Uint8Array.of(ed25519), this.raw]).toString('base64')}`;
  }

  /** The text of a note that this key signed (its final newline included). Throws `TypeError` saying why not. */
  open(note: string): string {
    const end = note.lastIndexOf('\n\n');
    if (note.length > 1 << 20 || end < 0 || !note.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(note)) {
      throw new TypeError('It is not a signed note.');
    }
    const text = note.slice(0, end + 1);
    for (const line of note.slice(end + 2, -1).split('\n')) {
      const [, name, base64] = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
      if (name === undefined || base64 === undefined)
        throw new TypeError('It is not a signed note: a signature line is malformed.');
      const signature = Buffer.from(base64, 'base64');
      if (name !== this.name || !signature.subarray(0, 4).equals(this.id)) continue;
      if (!verifyBytes(null, Buffer.from(text), this.#key, signature.subarray(4)))
        throw new TypeError('Its signature is wrong.');
      return text;
    }
    throw new TypeError(`It has no signature by ${this.name} with this key.`);
  }
}

/** The note that `text` (which ends with a newline) becomes when `key` signs it under the verifier's name. */
export function signNote(text: string, verifier: Verifier, key: KeyObject): string {
  const signature = Buffer.concat([verifier.id, signBytes(null, Buffer.from(text), key)]).toString('base64');
  return `${text}\n— ${verifier.name} ${signature}\n`;
}
