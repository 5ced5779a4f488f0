/** Ledger: the entries of a world's log, as an auditor exports them. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../world.js';

/** One entry; members as in the log. */
export interface Entry {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly run: string | null;
  readonly decided?: string;
  readonly error?: string | null;
  readonly decision?: { readonly effect: string; readonly rule: string };
  readonly request?: { readonly path: string; readonly host: string } | null;
  readonly [member: string]: unknown;
}

/** All entries, in order. */
export async function entries(world: World): Promise<Entry[]> {
  const file = join(world.dir, 'entries.jsonl');
  rmSync(file, { force: true });
  await world.ok(['audit', 'export', '--format', 'jsonl', file]);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Entry);
}
