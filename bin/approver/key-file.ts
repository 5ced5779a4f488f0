/** Key file: an approver's private key on his own disk. It is no part of TF_HOME: who copies that can't approve. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { encryptKey } from '../../src/approvers/index.js';
import { exitCode, Fault } from '../../src/errors.js';

/** Where the key of an approver lies unless he says otherwise. */
export const keyFileOf = (name: string): string =>
  join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'tollfence', 'approvers', `${name}.key`);

const unusable = (path: string, error: unknown): Fault =>
  new Fault(
    exitCode.failed,
    (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? `There is a file ${path} already, and a key is never overwritten.`
      : `The key ${path} can't be used (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    'Name another file with --key FILE.',
  );

/** Writes a new key, mode 0600, where no file is; `passphrase` null: as it is. Throws `Fault`. Returns the way to take it back. */
export function writeKeyFile(path: string, key: KeyObject, passphrase: string | null): () => void {
  const undo = (): void => rmSync(path, { force: true });
  const pem =
    passphrase === null ? (key.export({ type: 'pkcs8', format: 'pem' }) as string) : encryptKey(key, passphrase);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      writeFileSync(file, pem);
      fsyncSync(file);
    } catch (error) {
      // Half a key would be in the way of a whole one.
      undo();
      throw error;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unusable(path, error);
  }
  return undo;
}

/** Reads a key; `ask` is called if it is under a passphrase. Throws `Fault`. */
export async function readKeyFile(path: string, ask: () => Promise<string>): Promise<KeyObject> {
  let pem: string;
  try {
    const file = openSync(path, constants.O_RDONLY);
    try {
      if ((fstatSync(file).mode & 0o077) !== 0)
        throw new Fault(exitCode.failed, `The key ${path} can be read by others.`, `chmod 600 ${path}`);
      pem = readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      exitCode.missing,
      `There is no key that can be read at ${path} (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      'Name it with --key FILE.',
    );
  }
  const sealed = pem.includes('ENCRYPTED');
  const passphrase = sealed ? await ask() : undefined;
  try {
    const key = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below: the library's own words say nothing to people.
  }
  throw new Fault(
    exitCode.failed,
    sealed
      ? `The passphrase does not open ${path}, or it holds no Ed25519 key.`
      : `${path} holds no Ed25519 key in PEM.`,
  );
}
