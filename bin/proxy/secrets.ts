/** Opens the vault with the key that the operator chose, and lets the log's memory of it catch an old copy. */
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../src/config.js';
import { exitCode, Fault } from '../../src/errors.js';
import type { State } from '../../src/identity/state.js';
import { type KeySource, openVault, type Vault, VaultError } from '../../vault/index.js';
import { type Paths, vaultKeyFile } from '../home.js';

/** Which key opens (or will open) the vault: TF_MASTER_KEY goes before the configuration. */
function keySource(at: Paths, config: Config): KeySource {
  const value = process.env.TF_MASTER_KEY;
  if (value !== undefined && value !== '') return { kind: 'environment', value };
  const { key } = config.vault;
  if (key === 'passphrase') return { kind: 'passphrase', passphrase: process.env.TF_PASSPHRASE ?? null };
  if (key === 'keychain') return { kind: 'keychain' };
  const path = key === 'file' ? vaultKeyFile(at.root) : resolve(at.root, key.slice('file:'.length));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return { kind: 'file', path, create: true };
}

/** Throws `Fault` if the vault can't be opened with the key at hand. */
export async function openSecrets(at: Paths, config: Config, state: State): Promise<Vault> {
  try {
    const seen = JSON.parse(state.get('vault.seen') ?? 'null') as { id: string; generation: number } | null;
    const vault = await openVault({ path: at.vault, key: keySource(at, config), ...(seen === null ? {} : { seen }) });
    state.set('vault.seen', JSON.stringify({ id: vault.id, generation: vault.generation }));
    return vault;
  } catch (error) {
    if (error instanceof VaultError) throw new Fault(exitCode.failed, error.message, error.hint);
    throw error;
  } finally {
    // What opened it must not be found in this process's environment later.
    delete process.env.TF_MASTER_KEY;
    delete process.env.TF_PASSPHRASE;
  }
}
