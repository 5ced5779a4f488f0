/**
 * Private keys on an approver's disk: PKCS #8 in PEM, under a passphrase by PBES2 (RFC 8018): PBKDF2 with HMAC-SHA-256 and
 * AES-256-CBC. Written by hand because Node's own export takes 2,048 rounds, which is too few.
 */
import { createCipheriv, type KeyObject, pbkdf2Sync, randomBytes } from 'node:crypto';

/** OWASP's figure for PBKDF2-HMAC-SHA256; it costs its owner a quarter of a second. */
const rounds = 600_000;

/** DER (X.690): a tag, a length, the content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const bytes = [content.length & 0xff, (content.length >> 8) & 0xff];
  const length =
    content.length < 128 ? [content.length] : bytes[1] === 0 ? [0x81, bytes[0]!] : [0x82, bytes[1]!, bytes[0]!];
  return Buffer.concat([Uint8Array.of(tag, ...length), content]);
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const pbes2 = oid('2a864886f70d01050d');
const pbkdf2 = oid('2a864886f70d01050c');
const hmacSha256 = oid('2a864886f70d0209');
const aes256cbc = oid('60864801650304012a');

/** The key as `EncryptedPrivateKeyInfo` (RFC 5958 §3), PEM; every tool that reads PKCS #8 reads it. */
export function encryptKey(key: KeyObject, passphrase: string): string {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(passphrase, salt, rounds, 32, 'sha256'), iv);
  const sealed = Buffer.concat([cipher.update(key.export({ type: 'pkcs8', format: 'der' })), cipher.final()]);
  const count = Buffer.from([(rounds >> 16) & 0xff, (rounds >> 8) & 0xff, rounds & 0xff]);
  const derivation = sequence(pbkdf2, sequence(octets(salt), der(0x02, count), sequence(hmacSha256, der(0x05))));
  const info = sequence(sequence(pbes2, sequence(derivation, sequence(aes256cbc, octets(iv)))), octets(sealed));
  const lines = info.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${lines}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
}
