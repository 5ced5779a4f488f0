/** A key in a file: 32 bytes as base64 and a newline, mode 0600, never through a symbolic link. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  constants as os,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { VaultError } from './error.js';
import { keyBytes, type Random } from './seal.js';

/** Reads a key of 32 bytes from text: hex, base64 or base64url. null if it is anything else. */
export function parseKey(text: string): Buffer | null {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return null;
  const key = Buffer.from(trimmed, 'base64');
  return key.length === keyBytes ? key : null;
}

/** Reads the key. Throws `missing` if there is no file, `unusable` if others may read it, `invalid` if it holds no key. */
export function readKeyFile(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new VaultError(
        'missing',
        `The key file ${path} is missing.`,
        'Restore it: without it nothing in the vault can be read.',
      );
    }
    if (code === 'ELOOP')
      throw new VaultError('unusable', `The key file ${path} is a symbolic link.`, 'Put the file itself there.');
    throw new VaultError('unusable', `The key file ${path} can't be read: ${message}.`);
  }
  const bytes = Buffer.alloc(256);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new VaultError('unusable', `The key file ${path} is not a regular file.`);
    if ((stats.mode & 0o077) !== 0 || (process.getuid !== undefined && stats.uid !== process.getuid())) {
      throw new VaultError('unusable', `The key file ${path} must be yours alone.`, `chmod 600 ${path}`);
    }
    const key = parseKey(bytes.toString('latin1', 0, readSync(file, bytes)));
    if (key === null) {
      throw new VaultError('invalid', `${path} holds no key: it must be 32 bytes as base64, base64url or hex.`);
    }
    return key;
  } finally {
    bytes.fill(0);
    closeSync(file);
  }
}

/** Makes a key and its file, durably, or reads the file if it is there already. Nobody sees half a file. */
export function createKeyFile(path: string, random: Random): Buffer {
  const key = random(keyBytes);
  const text = Buffer.from(`${key.toString('base64')}\n`);
  const draft = `${path}.${random(8).toString('hex')}`;
  try {
    const file = openSync(draft, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // Unlike a rename, a link never replaces what is there.
    linkSync(draft, path);
    const folder = openSync(dirname(path), os.O_RDONLY);
    fsyncSync(folder);
    closeSync(folder);
    return key;
  } catch (error) {
    key.fill(0);
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readKeyFile(path);
    throw new VaultError('unusable', `The key file ${path} can't be made: ${(error as Error).message}.`);
  } finally {
    text.fill(0);
    rmSync(draft, { force: true });
  }
}
