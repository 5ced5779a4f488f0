/** The log alone: entries a second, chained, signed and on disk, beside bare SQLite that syncs rows of the same size. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openLog } from '../src/log/index.js';
import { median, row, times } from './table.js';

/** An entry as a decision writes it, of about its size. */
const draft = {
  type: 'action.decided',
  run: 'run_01M7WR2CNBP4V4YYKZBXNPARTD',
  gateway: 'bench',
  decision: { effect: 'allow', rule: 'perm_1', reason: 'perm_1 allows github.issue.*.', secret: null },
  request: { method: 'GET', scheme: 'https', host: 'api.github.com', port: 443, path: '/repos/acme/site/issues/7' },
  action: { name: 'github.issue.get', connector: 'github', access: 'read', parameters: { number: 7 }, unknown: [] },
} as const;

/** Entries a second with so many on their way at once. */
async function ours(dir: string, durability: 'full' | 'batch', atOnce: number, count: number): Promise<number> {
  const place = mkdtempSync(join(dir, 'log-'));
  const paths = { path: join(place, 'ledger.db'), keyPath: join(place, 'log.key') };
  const log = await openLog({ ...paths, durability, now: Date.now, random: randomBytes });
  const start = performance.now();
  let begun = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (begun++ < count) await log.record(draft);
    }),
  );
  // With `batch` the last ones may still be on their way.
  await log.close();
  return count / ((performance.now() - start) / 1000);
}

/** Rows a second, so many to a transaction. */
function bare(dir: string, atOnce: number, count: number): number {
  const db = new Database(join(mkdtempSync(join(dir, 'bare-')), 'bare.db'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE entries (seq INTEGER PRIMARY KEY, id TEXT, leaf TEXT, bytes TEXT) STRICT');
  const insert = db.prepare('INSERT INTO entries (id, leaf, bytes) VALUES (?, ?, ?)');
  const bytes = JSON.stringify(draft);
  const commit = db.transaction(() => {
    for (let i = 0; i < atOnce; i++) insert.run('ev_01M7WR7JF3DFGWSCEQ2JT9ASRA', '0'.repeat(64), bytes);
  });
  const start = performance.now();
  for (let written = 0; written < count; written += atOnce) commit();
  const perSecond = count / ((performance.now() - start) / 1000);
  db.close();
  return perSecond;
}

/** Measures in turns and prints medians. `dir` is where the files are: its disk is what is measured. */
export async function logCost(dir: string, rounds: number, count: number): Promise<void> {
  console.log('\nEntries a second of the log alone, against rows a second of bare SQLite (WAL, synchronous=FULL)');
  row(['at once', 'full', 'batch']);
  for (const atOnce of [1, 16, 64]) {
    const amount = atOnce === 1 ? Math.ceil(count / 8) : count;
    const ratios: Record<'full' | 'batch', number[]> = { full: [], batch: [] };
    for (let i = 0; i <= rounds; i++) {
      const base = bare(dir, atOnce, amount);
      for (const durability of ['full', 'batch'] as const) {
        const ratio = (await ours(dir, durability, atOnce, amount)) / base;
        // The first round isn't counted: it has compiled what the others use.
        if (i > 0) ratios[durability].push(ratio);
      }
    }
    row([String(atOnce), times(median(ratios.full)), times(median(ratios.batch))]);
  }
}
