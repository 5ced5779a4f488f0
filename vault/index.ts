/** The vault: the only room with keys and plaintext at rest. This is its door. Byte layouts: FORMAT.md. */
import { randomBytes } from 'node:crypto';
import { VaultError } from './error.js';
import { existingKey, type KeyKind, type KeySource, newKey, readStored } from './keys.js';
import { contentsOf, sealedHeader } from './roster.js';
import { deriveKeys, forget, type Random } from './seal.js';
import { State } from './state.js';
import { Store } from './store.js';
import { Vault } from './vault.js';

export { Copies, type Lender } from './copies.js';
export { VaultError, type VaultFault } from './error.js';
export type { KeyKind, KeySource } from './keys.js';
export { type Lease, leaseLifetime } from './lease.js';
export { type NewSecret, type SecretMeta, valueLimit, type Want } from './secret.js';
export type { Vault } from './vault.js';

/** How to open a vault. */
export interface VaultOptions {
  /** The SQLite file; made if there is none, unless `create` is false. */
  readonly path: string;
  readonly key: KeySource;
  readonly create?: boolean;
  /** What the log remembers of this vault. An older file, or another vault, is refused as `rolled_back`. */
  readonly seen?: { readonly id: string; readonly generation: number };
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly random?: Random;
}

/** What can be known of a vault without its key, none of it verified; null if there is no vault at `path`. */
export function describeVault(path: string): { id: string; generation: number; source: KeyKind } | null {
  const store = Store.at(path);
  if (store === null) return null;
  try {
    const header = store.snapshot()?.header;
    return header ? { id: header.id, generation: header.generation, source: readStored(header.source).kind } : null;
  } finally {
    store.close();
  }
}

/**
 * Opens the vault, or makes a new one, and verifies all of it against its roster. Without a passphrase for a vault that
 * needs one it opens locked. Throws VaultError: `wrong_key`, `corrupt`, `rolled_back`, `missing`, `invalid`, `unusable`.
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const { path, key, seen, create = true, now = Date.now, random = randomBytes } = options;
  const store = create ? new Store(path) : Store.at(path);
  if (store === null) throw new VaultError('missing', `There is no vault at ${path}.`, 'Make one with `tf init`.');
  try {
    if (store.snapshot() === null) {
      if (!create || seen)
        throw new VaultError('missing', `There is no vault at ${path}.`, 'Restore it from a backup.');
      await makeVault(store, key, random);
    }
    return await enter(store, key, seen, now, random);
  } catch (error) {
    store.close();
    throw error;
  }
}

async function makeVault(store: Store, key: KeySource, random: Random): Promise<void> {
  const id = random(16).toString('hex');
  const { kek, stored } = await newKey(key, random);
  const keys = deriveKeys(kek, id);
  store.transaction(() => {
    // Another process may have made the vault while the key was derived: then this one opens that.
    if (store.snapshot() !== null) return;
    store.found();
    store.putHeader(
      sealedHeader({ id, source: JSON.stringify(stored), check: keys.check, generation: 1 }, [], keys, random),
    );
  });
  forget(keys);
}

async function enter(
  store: Store,
  key: KeySource,
  seen: VaultOptions['seen'],
  now: () => number,
  random: Random,
): Promise<Vault> {
  const header = store.snapshot()?.header;
  if (header === undefined) throw new VaultError('corrupt', 'The vault vanished while it was opened.');
  const kek = await existingKey(key, readStored(header.source));
  const keys = kek === null ? null : deriveKeys(kek, header.id);
  try {
    const snapshot = store.snapshot();
    if (snapshot === null) throw new VaultError('corrupt', 'The vault vanished while it was opened.');
    const contents = contentsOf(snapshot, keys);
    if (seen && (seen.id !== header.id || contents.header.generation < seen.generation)) {
      throw new VaultError(
        'rolled_back',
        `The vault is generation ${contents.header.generation} of ${header.id}; the log has seen ${seen.generation} of ${seen.id}.`,
        'An old copy or another vault was put in its place: restore the latest.',
      );
    }
    return new Vault(new State(store, contents, keys, random), now);
  } catch (error) {
    if (keys !== null) forget(keys);
    throw error;
  }
}
