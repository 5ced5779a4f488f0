/**
 * The log on disk: `ledger.db` and its single writer. Lives in the writer's thread.
 *
 * What a crash leaves: entries and the checkpoint that covers them are committed in one transaction, so after a crash
 * the file ends with a whole batch; `stopped` is `no` until the next open has looked at the tail and said so.
 */
import type { KeyObject } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type Checkpoint, openCheckpoint, signCheckpoint } from './checkpoint.js';
import { noEntryBefore } from './entry.js';
import { syncDirectory } from './key.js';
import { rawPublicKey, Verifier } from './note.js';
import { entryHashes, Frontier, leafHash, sha256 } from './tree.js';

/** Says that a file is a Tollfence ledger ("TFLG"), and of which schema. */
const applicationId = 0x54464c47;
const schema = `
  CREATE TABLE entries (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, leaf TEXT NOT NULL, bytes TEXT NOT NULL) STRICT;
  CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, text TEXT NOT NULL, frontier TEXT NOT NULL) STRICT;
  CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = 1;`;

/** A statement costs about as much as a row: so many rows go with one. */
const rowsAtOnce = 8;

/** What the last stop left behind. */
export interface Found {
  /** Entries in the log. */
  readonly entries: number;
  /** Of these, how many no checkpoint covered yet. */
  readonly unattested: number;
}

/** A fault of the file itself: for a person, never to be repaired silently. */
export class Damaged extends Error {}

/** Creates the file with mode 0600 if it is absent; refuses a symbolic link. True if it was created. */
function createPrivate(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    closeSync(openSync(path, constants.O_RDWR | constants.O_NOFOLLOW));
    return false;
  }
}

/** Holds the log for this process: a SQLite lock, which the system releases however the process ends. */
function lock(path: string): Database.Database {
  createPrivate(path);
  const db = new Database(path, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new Damaged('Another process is writing this log.');
  }
}

export class Store {
  readonly #lock: Database.Database;
  readonly #db: Database.Database;
  readonly #key: KeyObject;
  readonly #insert: Database.Statement;
  readonly #insertMany: Database.Statement;
  readonly #commit: (lines: readonly string[], checkpoint: boolean, echo: boolean) => string[];
  #frontier = new Frontier();
  #prev = noEntryBefore;
  #lastId: string | undefined;

  readonly verifier: Verifier;
  /** The last checkpoint; null only in a log that has no entry yet. */
  checkpoint: Checkpoint | null = null;
  /** What an unclean stop left; null after a clean one. */
  readonly found: Found | null;

  /**
   * Opens the log, or begins one that will be called `origin`. Throws `Damaged` when another process writes it, when
   * it belongs to another key, or when its last checkpoint and the entries since don't hold together.
   */
  constructor(path: string, origin: string, key: KeyObject) {
    this.#lock = lock(`${path}.lock`);
    const created = createPrivate(path);
    if (created) syncDirectory(path);
    this.#key = key;
    this.#db = new Database(path, { timeout: 5000 });
    // Of no effect on a log that exists. Fewer pages, and so fewer writes, than with the usual 4096 bytes.
    this.#db.pragma('page_size = 8192');
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = FULL');
    const empty = this.#db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
    if (empty) this.#db.transaction(() => this.#db.exec(schema))();
    if (this.#db.pragma('application_id', { simple: true }) !== applicationId)
      throw new Damaged('It is not a ledger of Tollfence.');
    if (this.#db.pragma('user_version', { simple: true }) !== 1)
      throw new Damaged('It was written by a newer Tollfence.');
    this.verifier = new Verifier(this.#origin() ?? origin, rawPublicKey(key));
    this.#recover();
    const stopped = this.#db.prepare(`SELECT value FROM state WHERE name = 'stopped'`).pluck().get();
    const size = this.#frontier.size;
    this.found =
      size > 0 && stopped !== 'yes' ? { entries: size, unattested: size - (this.checkpoint?.size ?? 0) } : null;
    this.#setStopped('no');
    const insert = (rows: number): Database.Statement =>
      this.#db.prepare(`INSERT INTO entries (seq, id, leaf, bytes) VALUES ${Array(rows).fill('(?, ?, ?, ?)').join()}`);
    this.#insert = insert(1);
    this.#insertMany = insert(rowsAtOnce);
    this.#commit = this.#db.transaction((lines: readonly string[], checkpoint: boolean, echo: boolean) => {
      const texts: string[] = [];
      let rows: (number | string)[] = [];
      for (let i = 0; i < lines.length; i += 3) {
        const text = lines[i + 1]! + this.#prev + lines[i + 2]!;
        const { leaf, own } = entryHashes(text);
        rows.push(this.#frontier.size, lines[i]!, leaf, text);
        this.#frontier.append(leaf);
        this.#prev = own;
        if (echo) texts.push(text);
        if (rows.length < 4 * rowsAtOnce) continue;
        this.#insertMany.run(rows);
        rows = [];
      }
      for (let i = 0; i < rows.length; i += 4) this.#insert.run(rows.slice(i, i + 4));
      if (checkpoint) this.#sign();
      return texts;
    });
  }

  get size(): number {
    return this.#frontier.size;
  }

  get lastId(): string | undefined {
    return this.#lastId;
  }

  /**
   * Commits entries, three lines each (id, and the pieces around `prev`), and if asked for a checkpoint that covers
   * them. When it returns they are on disk; when it throws, this store must not be used again: after a failed sync
   * nobody knows what the disk holds. Returns the entries' texts if `echo`.
   */
  append(lines: readonly string[], checkpoint: boolean, echo: boolean): string[] {
    return this.#commit(lines, checkpoint, echo);
  }

  /** Signs the head, notes that the stop was clean, and lets go of the file. */
  close(): void {
    this.#db.transaction(() => {
      this.#sign();
      this.#setStopped('yes');
    })();
    // So that ledger.db alone is the whole log, for whoever copies it.
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    this.#db.close();
    this.#lock.close();
  }

  #sign(): void {
    const { size } = this.#frontier;
    if (size === (this.checkpoint?.size ?? 0)) return;
    const checkpoint = signCheckpoint(size, this.#frontier.root(), this.verifier, this.#key);
    this.#db
      .prepare('INSERT INTO checkpoints (size, text, frontier) VALUES (?, ?, ?)')
      .run(size, checkpoint.text, this.#frontier.hashes.join(' '));
    this.checkpoint = checkpoint;
  }

  #setStopped(value: 'yes' | 'no'): void {
    this.#db.prepare(`INSERT OR REPLACE INTO state (name, value) VALUES ('stopped', ?)`).run(value);
  }

  /** The origin that the last checkpoint names, before anybody has verified it. */
  #origin(): string | undefined {
    const text = this.#db.prepare('SELECT text FROM checkpoints ORDER BY size DESC LIMIT 1').pluck().get();
    return typeof text === 'string' ? text.slice(0, text.indexOf('\n')) : undefined;
  }

  /** Takes up the tree at the last checkpoint and follows chain and leaves from there: O(entries since). */
  #recover(): void {
    const last = this.#db.prepare('SELECT * FROM checkpoints ORDER BY size DESC LIMIT 1').get() as
      | { size: number; text: string; frontier: string }
      | undefined;
    if (last !== undefined) {
      try {
        this.checkpoint = openCheckpoint(last.text, this.verifier);
        this.#frontier = new Frontier(last.size, last.frontier === '' ? [] : last.frontier.split(' '));
      } catch (error) {
        throw new Damaged(`Its last checkpoint can't be verified with the log's key: ${(error as Error).message}`);
      }
      if (this.checkpoint.size !== last.size || this.checkpoint.root !== this.#frontier.root()) {
        throw new Damaged('The tree that it stores is not the one that its last checkpoint signed.');
      }
    }
    const attested = this.#frontier.size;
    let expected = Math.max(attested - 1, 0);
    const tail = this.#db.prepare(
      'SELECT seq, id, leaf, CAST(bytes AS BLOB) AS bytes FROM entries WHERE seq >= ? ORDER BY seq',
    );
    for (const row of tail.iterate(expected) as Iterable<{ seq: number; id: string; leaf: string; bytes: Buffer }>) {
      const { prev } = JSON.parse(row.bytes.toString()) as { prev?: unknown };
      if (row.seq !== expected) throw new Damaged(`Entry ${expected} is missing.`);
      if (row.leaf !== leafHash(row.bytes)) throw new Damaged(`Entry ${row.seq} was changed: its hash is another one.`);
      if (row.seq >= attested) {
        if (prev !== this.#prev) throw new Damaged(`Entry ${row.seq} does not follow the entry before it.`);
        this.#frontier.append(row.leaf);
      }
      this.#prev = sha256(row.bytes);
      this.#lastId = row.id;
      expected++;
    }
    if (expected !== this.#frontier.size) {
      throw new Damaged(`It ends before entry ${expected}, but its last checkpoint attests ${attested} entries.`);
    }
    if (this.checkpoint === null && expected > 0) throw new Damaged('It has entries but no checkpoint.');
  }
}
