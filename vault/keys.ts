/** Where the key-encryption key comes from: the environment, a file, a passphrase, or the system's keychain. */
import { VaultError } from './error.js';
import { type Keychain, keychainAccount, readKeychain, writeKeychain } from './keychain.js';
import { createKeyFile, parseKey, readKeyFile } from './keyfile.js';
import { type Argon2Parameters, checkedParameters, fromPassphrase, newParameters } from './passphrase.js';
import { keyBytes, type Random } from './seal.js';

/** Where to take the key from. Only what this says is used: nothing falls back to another source. */
export type KeySource =
  /** `value` is the text of TF_MASTER_KEY: 32 bytes as base64, base64url or hex. */
  | { readonly kind: 'environment'; readonly value: string }
  /** A file of mode 0600; with `create` it is made along with a new vault. */
  | { readonly kind: 'file'; readonly path: string; readonly create?: boolean }
  /** null: not known yet; the vault opens locked. */
  | { readonly kind: 'passphrase'; readonly passphrase: string | null }
  | ({ readonly kind: 'keychain' } & Keychain);

/** The kinds of key source. */
export type KeyKind = KeySource['kind'];

/** What the header keeps, to find the same key again. Not secret. */
export type StoredSource =
  | { readonly kind: 'environment' | 'file' }
  | ({ readonly kind: 'passphrase' } & Argon2Parameters)
  | { readonly kind: 'keychain'; readonly account: string };

function environmentKey(value: string): Buffer {
  const key = parseKey(value);
  if (key !== null) return key;
  throw new VaultError(
    'invalid',
    'TF_MASTER_KEY is not a key: it must be 32 bytes as base64, base64url or hex.',
    'Make one with `openssl rand -base64 32`.',
  );
}

/** Makes a key (or takes the given one) for a new vault or a new key: the key, and what the header keeps of its source. */
export async function newKey(source: KeySource, random: Random): Promise<{ kek: Buffer; stored: StoredSource }> {
  switch (source.kind) {
    case 'environment':
      return { kek: environmentKey(source.value), stored: { kind: 'environment' } };
    case 'file': {
      const kek = source.create ? createKeyFile(source.path, random) : readKeyFile(source.path);
      return { kek, stored: { kind: 'file' } };
    }
    case 'passphrase': {
      if (source.passphrase === null) {
        throw new VaultError('locked', 'A passphrase is needed to make the vault.', 'Run it again at a terminal.');
      }
      if (source.passphrase.length < 8) throw new VaultError('invalid', 'The passphrase has fewer than 8 characters.');
      const parameters = newParameters(random);
      return {
        kek: await fromPassphrase(source.passphrase, parameters),
        stored: { kind: 'passphrase', ...parameters },
      };
    }
    case 'keychain': {
      // A new account each time: the key before stays readable until the vault has the new one.
      const account = keychainAccount(random);
      const kek = random(keyBytes);
      await writeKeychain(source, account, kek);
      return { kek, stored: { kind: 'keychain', account } };
    }
  }
}

/** Fetches the key of an existing vault; null if it needs a passphrase that isn't known yet. */
export async function existingKey(source: KeySource, stored: StoredSource): Promise<Buffer | null> {
  if (source.kind === 'passphrase' || source.kind === 'keychain') {
    if (source.kind !== stored.kind) {
      throw new VaultError('wrong_key', `This vault's key comes from: ${stored.kind}; not from: ${source.kind}.`);
    }
  }
  switch (source.kind) {
    case 'environment':
      return environmentKey(source.value);
    case 'file':
      return readKeyFile(source.path);
    case 'passphrase':
      if (source.passphrase === null) return null;
      return fromPassphrase(source.passphrase, stored as Argon2Parameters);
    case 'keychain':
      return readKeychain(source, (stored as { account: string }).account);
  }
}

/** Reads what the header keeps. It isn't verified yet, so everything in it is bounded. Throws `corrupt`. */
export function readStored(text: string): StoredSource {
  let value: unknown;
  try {
    value = text.length <= 1024 ? JSON.parse(text) : null;
  } catch {
    value = null;
  }
  const stored = (typeof value === 'object' ? value : null) as Partial<Record<string, unknown>> | null;
  if (stored?.kind === 'environment' || stored?.kind === 'file') return { kind: stored.kind };
  if (stored?.kind === 'keychain' && /^tollfence-[0-9a-f]{32}$/.test(String(stored.account))) {
    return { kind: 'keychain', account: String(stored.account) };
  }
  const parameters = stored?.kind === 'passphrase' ? checkedParameters(stored) : null;
  if (parameters !== null) return { kind: 'passphrase', ...parameters };
  throw new VaultError('corrupt', 'The vault is damaged or was tampered with: its key source can not be read.');
}
