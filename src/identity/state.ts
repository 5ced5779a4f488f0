/**
 * State: what operators set and what must outlive the proxy (gateways, permissions, kill switches, runs), in SQLite with
 * every commit on disk. Rows are JSON documents; the log, not this file, is the evidence of how they came about.
 */
import { chmodSync, closeSync, constants, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Agent, Gateway, Kill, KillScope, Permission, Subject, User, Value } from '../model.js';
import type { Spent } from '../spending/index.js';
import type { Binding, Voided } from './binding.js';
import type { StoredKey } from './keys.js';
import type { Footprint } from './processes.js';

/** A run as it is kept: enough to recognise its token after a restart of the proxy. */
export interface StoredRun {
  readonly id: string;
  readonly gateway: string;
  /** Hex SHA-256 of the token; the token itself is kept nowhere. */
  readonly token_sha256: string;
  /** The same of what its supervisor shows: `tf run` has it, the agent doesn't. */
  readonly supervisor_sha256: string;
  /** Process that the run consists of; while it is `starting`, that of its supervisor. */
  readonly pid: number | null;
  readonly starting?: boolean;
  /** What that process is known by besides its id; absent where the system doesn't say. */
  readonly footprint?: Footprint;
  readonly binding?: Binding;
  /** Why nothing of it is let through any more; absent while it is what it was. */
  readonly void?: Voided;
  readonly started_at: string;
  /** Gateways from the outermost parent to this one, and the runs of each. */
  readonly chain: readonly string[];
  readonly runs: readonly string[];
  readonly workload: Readonly<Record<string, Value>>;
  readonly user: User;
  readonly agent?: Agent;
  readonly signature?: NonNullable<Subject['signature']>;
  /** Ids of the grants that limit all of it, the outermost first; absent if there is none. */
  readonly grants?: readonly string[];
  /** Addresses and roots for this run alone (`--connect-to`, `--upstream-ca`). */
  readonly upstream?: { readonly connect_to: Readonly<Record<string, string>>; readonly ca: readonly string[] };
}

/** Tables with a name and a document. */
export interface Shelf<T> {
  all(): T[];
  put(key: string, value: T): void;
  remove(key: string): boolean;
}

/** What is kept. */
export interface State {
  readonly gateways: Shelf<Gateway>;
  readonly permissions: Shelf<Permission>;
  readonly kills: Shelf<Kill>;
  readonly runs: Shelf<StoredRun>;
  readonly keys: Shelf<StoredKey>;
  readonly spending: Shelf<Spent>;
  /** A shelf of another room, by its kind of document. */
  shelf<T>(kind: string): Shelf<T>;
  /** Does all that `work` writes in one commit, or nothing of it if that throws. */
  together<T>(work: () => T): T;
  /** The next number of a series, counted from 1 and never given twice. */
  next(series: string): number;
  /** A setting, or undefined. */
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  close(): void;
}

/** The key under which a kill switch is kept. */
export const scopeKey = (scope: KillScope): string => (scope.kind === 'all' ? 'all' : `${scope.kind}:${scope.name}`);

/** Opens (or makes, mode 0600) the state at `path`, for this process alone (else `SQLITE_BUSY`). Throws if the file isn't sound: the caller must then let nothing through. */
export function openState(path: string): State {
  closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
  chmodSync(path, 0o600);
  // Not waited for: a proxy that waited would take over whenever the other is stopped.
  const db = new Database(path, { timeout: 0 });
  try {
    // One proxy at a time; the system lets go of the lock however the process ends.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    db.close(); // whoever waits for its turn comes again and again
    throw error;
  }
  db.pragma('synchronous = FULL');
  const check = db.pragma('quick_check', { simple: true });
  if (check !== 'ok') throw new Error(`${path} is damaged: ${String(check)}`);
  db.exec(`
    CREATE TABLE IF NOT EXISTS shelf (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS series (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `);
  const select = db.prepare<[string], { value: string }>('SELECT value FROM shelf WHERE kind = ? ORDER BY key');
  const upsert = db.prepare<[string, string, string]>(
    'INSERT INTO shelf VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const drop = db.prepare<[string, string]>('DELETE FROM shelf WHERE kind = ? AND key = ?');
  const one = db.prepare<[string], { value: string }>("SELECT value FROM shelf WHERE kind = 'setting' AND key = ?");
  const count = db.prepare<[string], { value: number }>(
    'INSERT INTO series VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value',
  );
  const shelf = <T>(kind: string): Shelf<T> => ({
    all: () => select.all(kind).map(row => JSON.parse(row.value) as T),
    put: (key, value) => void upsert.run(kind, key, JSON.stringify(value)),
    remove: key => drop.run(kind, key).changes === 1,
  });
  return {
    gateways: shelf('gateway'),
    permissions: shelf('permission'),
    kills: shelf('kill'),
    runs: shelf('run'),
    keys: shelf('key'),
    shelf,
    together: work => db.transaction(work)(),
    spending: shelf('spending'),
    next: series => count.get(series)!.value,
    get: name => one.get(name)?.value,
    set: (name, value) => void upsert.run('setting', name, value),
    close: () => db.close(),
  };
}
