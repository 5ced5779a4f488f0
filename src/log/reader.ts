/** Reading the log: by anybody who may read the file, while the proxy writes it, and when it doesn't run. */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { exitCode, Fault } from '../errors.js';
import { firstUlid } from './ulid.js';
import type { StoredEntry } from './verify.js';
import type { StoredCheckpoint } from './witness.js';

/** An entry that was read. */
export interface Row {
  readonly seq: number;
  readonly id: string;
  /** Its canonical JSON. */
  readonly text: string;
}

/** Which entries; a member that is absent takes all. Patterns are the caller's. */
export interface Filter {
  readonly type?: (type: string) => boolean;
  readonly action?: (name: string) => boolean;
  readonly gateway?: string;
  readonly effect?: string;
  readonly task?: string;
  readonly run?: string;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  /** Only the last that many. */
  readonly last?: number;
}

/** The members of an entry that filters and people look at; any may be missing or of another kind. */
export interface Seen {
  readonly [member: string]: unknown;
  readonly seq: number;
  readonly id: string;
  readonly time: string;
  readonly type: string;
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** The gateway that an entry is about, wherever its type keeps it. */
export function gatewayOf(entry: Seen): string | undefined {
  const scope = entry.scope;
  const candidates = [
    member(entry.subject, 'id'),
    entry.gateway,
    member(entry.gateway, 'name'),
    member(entry.permission, 'gateway'),
    member(scope, 'kind') === 'gateway' ? member(scope, 'name') : undefined,
  ];
  return candidates.find(candidate => typeof candidate === 'string') as string | undefined;
}

/** The names of everything that a request would do, the strictest first; none if the entry is about no request. */
export function actionsOf(entry: Seen): readonly string[] {
  const also = Array.isArray(entry.also) ? (entry.also as unknown[]) : [];
  const actions = [entry.action, ...also.map(part => member(part, 'action'))];
  return actions.map(action => member(action, 'name')).filter(name => typeof name === 'string');
}

/** Whether an entry passes a filter (`last` aside). */
export function matches(entry: Seen, filter: Filter): boolean {
  const { type, action, gateway, effect, task, run, since } = filter;
  if (type !== undefined && !type(entry.type)) return false;
  if (run !== undefined && entry.run !== run) return false;
  if (gateway !== undefined && gatewayOf(entry) !== gateway) return false;
  if (effect !== undefined && member(entry.decision, 'effect') !== effect) return false;
  if (task !== undefined && member(entry.grant, 'task') !== task) return false;
  if (since !== undefined && !(Date.parse(entry.time) >= since)) return false;
  if (action === undefined) return true;
  return actionsOf(entry).some(action);
}

/** An open `ledger.db`, read only. */
export class Reader {
  readonly #db: Database.Database;

  /** Throws `Fault` when there is no log there, or it is not one. */
  constructor(path: string) {
    if (!existsSync(path)) {
      throw new Fault(
        exitCode.missing,
        `There is no log at ${path}.`,
        'It begins with the first run: tf run -- NAME COMMAND',
      );
    }
    try {
      this.#db = new Database(path, { readonly: true, timeout: 5000 });
      this.#db.prepare('SELECT 1 FROM entries, checkpoints LIMIT 1').get();
    } catch (error) {
      const damaged = String((error as { code?: string }).code).startsWith('SQLITE_CORRUPT');
      throw new Fault(
        damaged ? exitCode.unverified : exitCode.failed,
        `The log ${path} can't be read: ${(error as Error).message}.`,
        'Is it a whole ledger.db, and may you read it? On a read-only disk, copy it elsewhere first.',
      );
    }
  }

  close(): void {
    this.#db.close();
  }

  /** Runs `work` on one state of the log, whatever is written meanwhile. */
  snapshot<T>(work: () => T): T {
    return this.#db.transaction(work)();
  }

  /** Number of entries. */
  size(): number {
    return (this.#db.prepare('SELECT max(seq) + 1 FROM entries').pluck().get() as number | null) ?? 0;
  }

  /** A number that changes when somebody has written. */
  version(): number {
    return this.#db.pragma('data_version', { simple: true }) as number;
  }

  /** Entries that pass, oldest first; `after`: only those behind this seq. */
  *select(filter: Filter, after = -1): Generator<Row> {
    const from = Math.max(after + 1, filter.since === undefined ? 0 : this.#firstSince(filter.since));
    const passes = (row: Row): boolean => matches(JSON.parse(row.text) as Seen, filter);
    if (filter.last === undefined) {
      for (const row of this.#rows('ASC', from)) if (passes(row)) yield row;
      return;
    }
    const found: Row[] = [];
    for (const row of this.#rows('DESC', from)) {
      if (found.length >= filter.last) break;
      if (passes(row)) found.push(row);
    }
    yield* found.reverse();
  }

  #rows(order: 'ASC' | 'DESC', from: number): IterableIterator<Row> {
    const sql = `SELECT seq, id, CAST(bytes AS TEXT) AS text FROM entries WHERE seq >= ? ORDER BY seq ${order}`;
    return this.#db.prepare(sql).iterate(from) as IterableIterator<Row>;
  }

  /** The entry with this id or number, or null. */
  find(which: string | number): Row | null {
    const seq = typeof which === 'number' ? which : this.#firstId(which);
    const row = this.#db.prepare('SELECT seq, id, CAST(bytes AS TEXT) AS text FROM entries WHERE seq = ?').get(seq) as
      | Row
      | undefined;
    return row !== undefined && (typeof which === 'number' || row.id === which) ? row : null;
  }

  /** Ids carry the time and only grow, so that nothing else needs an index. */
  #firstSince(ms: number): number {
    return this.#firstId(`ev_${firstUlid(ms)}`);
  }

  /**
   * How many requests were decided, by gateway and minute (counted from 1970), from `since` until before `until` (ms). Not among
   * them is what was refused before the policy was asked, starts of agents, and what the
   * proxy itself has sent to look something up, or to get a token.
   */
  decided(since: number, until: number): { gateway: string; minute: number; count: number }[] {
    const sql = `
      SELECT bytes ->> '$.subject.id' AS gateway, unixepoch(bytes ->> '$.time') / 60 AS minute, count(*) AS count
      FROM entries
      WHERE seq >= ? AND bytes ->> '$.type' = 'action.decided' AND bytes ->> '$.time' < ?
        AND bytes -> '$.decision.policy_sha256' <> 'null' AND bytes ->> '$.action.connector' <> 'gateway'
        AND bytes ->> '$.decision.rule' NOT IN ('lookup', 'exchange')
      GROUP BY 1, 2`;
    return this.#db.prepare(sql).all(this.#firstSince(since), new Date(until).toISOString()) as ReturnType<
      Reader['decided']
    >;
  }

  /** Number of the first entry whose id is not less than `id`. */
  #firstId(id: string): number {
    const idAt = this.#db.prepare('SELECT id FROM entries WHERE seq = ?').pluck();
    let low = 0;
    let high = this.size();
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (((idAt.get(middle) as string | undefined) ?? '') < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All entries as they are kept, for `verify`. */
  *stored(): Generator<StoredEntry> {
    const rows = this.#db
      .prepare('SELECT seq, id, leaf, CAST(bytes AS BLOB) AS bytes FROM entries ORDER BY seq')
      .iterate();
    for (const { bytes, ...columns } of rows as Iterable<{ seq: number; id: string; leaf: string; bytes: Buffer }>)
      yield { bytes, columns };
  }

  /** All checkpoints as they are kept. */
  checkpoints(): Iterable<Required<StoredCheckpoint>> {
    return this.#db.prepare('SELECT size, text FROM checkpoints ORDER BY size').iterate() as Iterable<
      Required<StoredCheckpoint>
    >;
  }

  /** The latest checkpoint, not verified; null if there is none. */
  checkpoint(): Required<StoredCheckpoint> | null {
    const row = this.#db.prepare('SELECT size, text FROM checkpoints ORDER BY size DESC LIMIT 1').get();
    return (row as Required<StoredCheckpoint> | undefined) ?? null;
  }

  /** Hex leaf hashes of the entries `from` (inclusive) to `to` (exclusive). */
  leaves(from: number, to: number): Iterable<string> {
    return this.#db
      .prepare('SELECT leaf FROM entries WHERE seq >= ? AND seq < ? ORDER BY seq')
      .pluck()
      .iterate(from, to) as Iterable<string>;
  }
}
