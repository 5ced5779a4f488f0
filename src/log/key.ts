/** The log's key pair on disk: a private key that never leaves this machine, and the public one that auditors get. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { exitCode, Fault } from '../errors.js';
import { publicKeyFromRaw, rawPublicKey, Verifier } from './note.js';

/** Where the public key lies: beside the private one, `.pub` instead of `.key`. */
export const publicKeyPath = (keyPath: string): string => `${keyPath.replace(/\.key$/, '')}.pub`;

/** Makes the entry of a new or renamed file in its directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), constants.O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Writes a file whole or not at all, durably. */
export function writeWhole(path: string, content: string, mode: number): void {
  const part = `${path}.${process.pid}.part`;
  const file = openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
  syncDirectory(path);
}

/** Reads the private key (PKCS #8 PEM), or null if there is none. Throws `Fault` if it is not one, or others may read it. */
export function readPrivateKey(path: string): KeyObject | null {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Fault(exitCode.failed, `The log's key ${path} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new Fault(exitCode.failed, `The log's key ${path} can be read by others.`, `chmod 600 ${path}`);
  }
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below: the library's own words might quote the file.
  }
  throw new Fault(exitCode.failed, `The log's key ${path} is not an Ed25519 private key.`, 'Restore it from a backup.');
}

/** Makes a new private key at `path`, mode 0600. */
export function createKey(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ed25519');
  writeWhole(path, privateKey.export({ format: 'pem', type: 'pkcs8' }) as string, 0o600);
  return privateKey;
}

/** A public key as an auditor has it; `name` is null when the file doesn't say which log it belongs to. */
export interface PublicKey {
  readonly name: string | null;
  readonly raw: Buffer;
}

/** Reads a public key: a vkey line (`log.pub`) or an SPKI PEM. Throws `TypeError` when it is neither. */
export function parsePublicKey(text: string): PublicKey {
  if (!text.includes('-----BEGIN')) return Verifier.parse(text);
  const key = createPublicKey(text);
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('It is not an Ed25519 key.');
  const raw = rawPublicKey(key);
  publicKeyFromRaw(raw);
  return { name: null, raw };
}
