/** What the tests of the log share: a directory of its own, a log in it, and the file opened behind its back. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Log, openLog, parsePublicKey, Reader, verify } from '../../src/log/index.js';
import type { Draft } from '../../src/model.js';

export interface Place {
  readonly dir: string;
  readonly path: string;
  readonly keyPath: string;
  open(durability?: 'full' | 'batch', now?: () => number): Promise<Log>;
  /** Edits the file as somebody with a SQLite shell would. */
  tamper<T>(work: (db: Database.Database) => T): T;
  verify(head?: string): ReturnType<typeof verify>;
  texts(): string[];
}

/** A private directory, removed when the test ends. */
export function place(context: { after(fn: () => void): void }): Place {
  const dir = mkdtempSync(join(tmpdir(), 'tf-log-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'ledger.db');
  const keyPath = join(dir, 'log.key');
  const read = <T>(work: (reader: Reader) => T): T => {
    const reader = new Reader(path);
    try {
      return work(reader);
    } finally {
      reader.close();
    }
  };
  return {
    dir,
    path,
    keyPath,
    open: (durability = 'full', now = Date.now) => openLog({ path, keyPath, durability, now, random: randomBytes }),
    tamper(work) {
      const db = new Database(path);
      try {
        return work(db);
      } finally {
        db.close();
      }
    },
    verify: head => {
      const key = parsePublicKey(readFileSync(join(dir, 'log.pub'), 'utf8'));
      return read(reader =>
        verify({ entries: reader.stored(), checkpoints: reader.checkpoints(), key, head, complete: true }),
      );
    },
    texts: () => read(reader => [...reader.select({})].map(row => row.text)),
  };
}

/** A decision as the gateway drafts it. */
export const decision = (n: number, members: Record<string, unknown> = {}): Draft => ({
  type: 'action.decided',
  run: 'run_1',
  subject: { id: 'deploy-agent' },
  grant: null,
  action: {
    name: 'github.issue.create',
    connector: 'github',
    access: 'write',
    parameters: { n, title: `Größe ${n} 😀` },
    unknown: [],
  },
  resource: { type: 'repo', id: 'acme/site' },
  decision: {
    effect: n % 3 === 0 ? 'deny' : 'allow',
    rule: 'perm_7',
    reason: 'Because.',
    policy_sha256: 'a'.repeat(64),
  },
  ...members,
});

/** What a permit for a decision binds. */
export const allowed = {
  gateway: 'deploy-agent',
  run: 'run_1',
  request: 'ab',
  host: 'api.github.com',
  port: 443,
  scheme: 'https',
  connector: 'github',
  secret: null,
} as const;
