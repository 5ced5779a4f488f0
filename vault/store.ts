/** The vault's file: SQLite, two tables, whole transactions. Knows rows and bytes, nothing of keys. */
import { chmodSync, closeSync, lstatSync, openSync, constants as os, type Stats } from 'node:fs';
import Database from 'better-sqlite3';
import { VaultError } from './error.js';
import { formatVersion } from './seal.js';

/** The one row that describes the vault. */
export interface Header {
  readonly id: string;
  /** JSON: the kind of key source, and what it needs to find the key again. */
  readonly source: string;
  readonly check: Buffer;
  /** One more with each change. */
  readonly generation: number;
  readonly roster: Buffer;
}

/** One secret, sealed. */
export interface Row {
  readonly name: string;
  readonly meta: string;
  readonly wrapped: Buffer;
  readonly sealed: Buffer;
}

/** All that the file holds, as of one moment. */
export interface Snapshot {
  readonly header: Header;
  readonly rows: readonly Row[];
}

/** `Tolf`: SQLite's application_id of a vault. */
const applicationId = 0x546f6c66;

const tables = [
  `CREATE TABLE secret (name TEXT PRIMARY KEY, meta TEXT NOT NULL, wrapped_key BLOB NOT NULL, sealed_value BLOB NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE vault (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, source TEXT NOT NULL, check_value BLOB NOT NULL, generation INTEGER NOT NULL, roster BLOB NOT NULL) STRICT`,
];

/** Secrets that a vault may hold at most. */
export const rowLimit = 4096;

/** The file of one vault. Every method throws VaultError: `corrupt` if SQLite can't read it, `unusable` if the disk says no. */
export class Store {
  readonly #db: Database.Database;
  readonly #path: string;
  readonly #dataVersion: Database.Statement<[], number>;
  #seen = -1;

  /** Opens the file, or makes an empty one of mode 0600. Refuses symbolic links, and files that aren't this user's. */
  constructor(path: string) {
    this.#path = path;
    claim(path);
    for (const beside of [`${path}-wal`, `${path}-shm`]) {
      const stats = lstatSync(beside, { throwIfNoEntry: false });
      if (stats) ours(beside, stats);
    }
    this.#db = this.#guard(() => new Database(path));
    try {
      this.#guard(() => {
        // FULL, because in WAL mode NORMAL may lose the last commits to a power cut.
        for (const pragma of [
          'trusted_schema = OFF',
          'cell_size_check = ON',
          'secure_delete = ON',
          'temp_store = MEMORY',
          'journal_mode = WAL',
          'synchronous = FULL',
        ]) {
          this.#db.pragma(pragma);
        }
      });
      this.#dataVersion = this.#db.prepare<[], number>('PRAGMA data_version').pluck();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Opens the file if there is one; null if not. */
  static at(path: string): Store | null {
    return lstatSync(path, { throwIfNoEntry: false }) ? new Store(path) : null;
  }

  /** What the file holds; null if it was never a vault. Throws `corrupt` if it holds anything that a vault doesn't. */
  snapshot(): Snapshot | null {
    return this.#guard(() => {
      const version = this.#dataVersion.get() ?? -1;
      const read = this.#db.transaction(() => {
        if (!this.#recognise()) return null;
        const header = this.#db
          .prepare('SELECT id, source, check_value AS "check", generation, roster FROM vault')
          .get();
        if (header === undefined) throw corrupt(this.#path, 'its header is missing');
        const rows = this.#db
          .prepare(
            'SELECT name, meta, wrapped_key AS wrapped, sealed_value AS sealed FROM secret ORDER BY name LIMIT ?',
          )
          .all(rowLimit + 1);
        const snapshot = { header: header as Header, rows: rows as Row[] };
        if (!typed(snapshot)) throw corrupt(this.#path, 'a column holds what it should not');
        return snapshot;
      });
      const snapshot = read();
      this.#seen = version;
      return snapshot;
    });
  }

  /** Whether another connection has changed the file since the last snapshot. About 2 µs. */
  changed(): boolean {
    return this.#guard(() => this.#dataVersion.get() !== this.#seen);
  }

  /** The next `changed()` says yes: what was read last could not be used. */
  distrust(): void {
    this.#seen = -1;
  }

  /** Runs `work` as one transaction: all of it is on disk when this returns, or none of it if it throws. */
  transaction<T>(work: () => T): T {
    return this.#guard(() => this.#db.transaction(work).immediate());
  }

  /** Makes the tables; inside a transaction. */
  found(): void {
    this.#db.pragma(`application_id = ${applicationId}`);
    this.#db.pragma(`user_version = ${formatVersion}`);
    for (const table of tables) this.#db.exec(table);
  }

  putHeader(header: Header): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO vault VALUES (1, ?, ?, ?, ?, ?)')
      .run(header.id, header.source, header.check, header.generation, header.roster);
  }

  putRow(row: Row): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO secret VALUES (?, ?, ?, ?)')
      .run(row.name, row.meta, row.wrapped, row.sealed);
  }

  removeRow(name: string): void {
    this.#db.prepare('DELETE FROM secret WHERE name = ?').run(name);
  }

  close(): void {
    this.#db.close();
  }

  #recognise(): boolean {
    const schema = this.#db.prepare('SELECT sql FROM sqlite_schema ORDER BY name').pluck().all();
    const application = this.#db.pragma('application_id', { simple: true });
    if (schema.length === 0 && application === 0) return false;
    // A trigger or a view that somebody added could change what a statement of ours does.
    const known = schema.length === tables.length && tables.every((table, i) => table === schema[i]);
    const format = this.#db.pragma('user_version', { simple: true });
    if (application !== applicationId) throw corrupt(this.#path, 'it is another kind of database');
    if (format !== formatVersion) {
      throw new VaultError('corrupt', `${this.#path} has format ${format}; this version reads ${formatVersion}.`);
    }
    if (!known) throw corrupt(this.#path, 'its tables are not those of a vault');
    return true;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof TypeError && !this.#db.open) throw new VaultError('unusable', 'The vault is closed.');
      if (!(error instanceof Database.SqliteError)) throw error;
      if (/^SQLITE_(CORRUPT|NOTADB|FORMAT|MISMATCH|CONSTRAINT|ERROR)/.test(error.code)) {
        throw corrupt(this.#path, error.message);
      }
      throw new VaultError(
        'unusable',
        `${this.#path} can't be used: ${error.message} (${error.code}).`,
        'Nothing was changed.',
      );
    }
  }
}

const corrupt = (path: string, what: string): VaultError =>
  new VaultError('corrupt', `${path} is damaged or was tampered with: ${what}.`, 'Restore it from a backup.');

/** Whether the columns have their types: one flipped bit in the file makes a text of a blob, for all that it is STRICT. */
const typed = ({ header, rows }: Snapshot): boolean =>
  [header.id, header.source, ...rows.flatMap(row => [row.name, row.meta])].every(cell => typeof cell === 'string') &&
  [header.check, header.roster, ...rows.flatMap(row => [row.wrapped, row.sealed])].every(cell => Buffer.isBuffer(cell));

/** Throws `unusable` unless this is a regular file of this user. */
function ours(path: string, stats: Stats): void {
  const fault = stats.isSymbolicLink()
    ? 'it is a symbolic link'
    : !stats.isFile()
      ? 'it is not a regular file'
      : process.getuid !== undefined && stats.uid !== process.getuid()
        ? 'it belongs to another user'
        : null;
  if (fault !== null) {
    throw new VaultError('unusable', `${path} is not opened: ${fault}.`, 'Look who put it there, then remove it.');
  }
}

function claim(path: string): void {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) make(path);
    const stats = lstatSync(path);
    ours(path, stats);
    if ((stats.mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch (error) {
    if (error instanceof VaultError) throw error;
    throw new VaultError('unusable', `${path} can't be opened: ${(error as Error).message}.`);
  }
}

/** Makes an empty file, unless another process was quicker. */
function make(path: string): void {
  try {
    closeSync(openSync(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
