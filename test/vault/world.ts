/** What the vault's tests stand on: a private folder, a vault in it, and permits. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { type Allowed, mint, type Permit } from '../../src/permit.js';
import { type KeySource, type NewSecret, openVault, type Vault, type VaultOptions } from '../../vault/index.js';

export const start = Date.UTC(2026, 10, 20, 12);
export const hash = 'a'.repeat(64);
export const key: KeySource = { kind: 'environment', value: Buffer.alloc(32, 7).toString('base64') };
export const otherKey: KeySource = { kind: 'environment', value: Buffer.alloc(32, 8).toString('hex') };

/** A folder that goes away with the test, and a path for a vault in it. */
export function folder(t: TestContext): { dir: string; path: string } {
  const dir = mkdtempSync(join(tmpdir(), 'tollfence-vault-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, path: join(dir, 'vault.db') };
}

/** Opens a vault that is closed with the test. */
export async function opened(t: TestContext, options: Partial<VaultOptions> & { path: string }): Promise<Vault> {
  const vault = await openVault({ key, now: () => start, ...options });
  t.after(() => vault.close());
  return vault;
}

export const secret = (name: string, more: Partial<NewSecret> = {}): NewSecret => ({
  name,
  scheme: 'bearer',
  connector: null,
  hosts: ['api.example.com'],
  gateways: [],
  ...more,
});

export const permit = (name: string | null, more: Partial<Allowed> = {}): Permit =>
  mint(
    {
      evidence: 'ev_1',
      gateway: 'agent',
      run: 'run_1',
      request: hash,
      host: 'api.example.com',
      port: 443,
      scheme: 'https',
      connector: 'http',
      secret: name,
      ...more,
    },
    start,
  );

/** The value of a secret, through a lease. */
export const leased = (vault: Vault, name: string, more: Partial<Allowed> = {}): string =>
  vault.lease(permit(name, more), hash).value.toString();

/** Lets a test change the file behind the vault's back. */
export function tamper<T>(path: string, work: (db: Database.Database) => T): T {
  const db = new Database(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}
