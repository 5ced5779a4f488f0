/** `tf audit`: evidence. Verify the log offline, take its signed head, show, export and prove entries. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, createWriteStream, existsSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import {
  type Checkpoint,
  exportCsv,
  exportJsonLines,
  makeReceipt,
  openLog,
  openReceipt,
  type PublicKey,
  parsePublicKey,
  publicKeyPath,
  Reader,
  type Seen,
  storedLines,
  verify,
} from '../../src/log/index.js';
import { call } from '../control.js';
import { paths } from '../home.js';
import { inert, json, line, styled } from '../print.js';
import { explain } from './audit-verdict.js';

interface VerifyOptions {
  readonly log?: string;
  readonly key?: string;
  readonly head?: string;
  readonly receipt?: string;
  readonly json?: boolean;
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Fault(exitCode.missing, `The ${what} ${path} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function readKey(path: string): PublicKey {
  try {
    return parsePublicKey(readText(path, 'public key'));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      exitCode.failed,
      `The file ${path} holds no public key of a log: ${(error as Error).message}`,
      'It is log.pub in TF_HOME.',
    );
  }
}

function isDatabase(path: string): boolean {
  try {
    const file = openSync(path, 'r');
    const magic = Buffer.alloc(16);
    readSync(file, magic);
    closeSync(file);
    return magic.toString('latin1') === 'SQLite format 3\0';
  } catch (error) {
    throw new Fault(exitCode.missing, `The log ${path} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** A ledger that is there and can't even be opened does not verify. */
function openLedger(path: string): Reader {
  try {
    return new Reader(path);
  } catch (error) {
    if (error instanceof Fault && error.exit === exitCode.failed)
      throw new Fault(exitCode.unverified, error.message, error.hint);
    throw error;
  }
}

/** Where an export's checkpoint lies. */
const checkpointBeside = (path: string): string => `${path}.checkpoint`;

function verifyLog(options: VerifyOptions): ReturnType<typeof verify> {
  const path = options.log ?? paths().ledger;
  // Says that there is none yet, before its key is missed.
  if (options.log === undefined && !existsSync(path)) openLedger(path).close();
  const key = readKey(options.key ?? publicKeyPath(paths().logKey));
  const head = options.head === undefined ? undefined : readText(options.head, 'saved head');
  if (isDatabase(path)) {
    const reader = openLedger(path);
    try {
      return reader.snapshot(() =>
        verify({ entries: reader.stored(), checkpoints: reader.checkpoints(), key, head, complete: true }),
      );
    } finally {
      reader.close();
    }
  }
  const beside = checkpointBeside(path);
  const checkpoints = existsSync(beside) ? [{ text: readText(beside, 'checkpoint') }] : [];
  return verify({ entries: storedLines(path), checkpoints, key, head, complete: false });
}

function verifyReceipt(path: string, options: VerifyOptions): void {
  const key = readKey(options.key ?? publicKeyPath(paths().logKey));
  try {
    const { entry, size } = openReceipt(JSON.parse(readText(path, 'receipt')), key);
    const { id, seq } = JSON.parse(entry) as Seen;
    if (options.json) json({ ok: true, id, seq, size });
    else
      line(
        `${styled('green', 'The receipt is good:')} entry ${seq} (${inert(id)}) is in the log that the checkpoint of size ${size} signs.`,
      );
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (options.json) json({ ok: false, detail: (error as Error).message });
    throw new Fault(exitCode.unverified, `The receipt proves nothing: ${(error as Error).message}`);
  }
}

function runVerify(options: VerifyOptions): void {
  if (options.receipt !== undefined) {
    verifyReceipt(options.receipt, options);
    return;
  }
  const verdict = verifyLog(options);
  if (options.json) json(verdict);
  else if (verdict.ok) explain(verdict);
  if (!verdict.ok) {
    const which =
      verdict.seq === null
        ? ''
        : ` First bad entry: ${verdict.seq}${verdict.id === null ? '' : ` (${inert(verdict.id)})`}.`;
    throw new Fault(exitCode.unverified, `The log does not verify.${which}`, inert(verdict.detail));
  }
}

/** A checkpoint that covers everything: from the proxy if it runs, else by opening the log as the proxy would. */
async function freshHead(): Promise<Pick<Checkpoint, 'origin' | 'size' | 'root' | 'text'>> {
  try {
    return (await call('GET', '/log/head', undefined, { start: false })) as Checkpoint;
  } catch (error) {
    if (!(error instanceof Fault) || error.exit !== exitCode.unreachable) throw error;
  }
  const at = paths();
  // Only to say that there is none yet: opening would begin one.
  new Reader(at.ledger).close();
  const log = await openLog({
    path: at.ledger,
    keyPath: at.logKey,
    durability: 'full',
    now: Date.now,
    random: randomBytes,
  });
  try {
    return await log.head();
  } finally {
    await log.close();
  }
}

async function head(options: { json?: boolean }): Promise<void> {
  const checkpoint = await freshHead();
  if (options.json) return json(checkpoint);
  process.stdout.write(checkpoint.text);
}

/** Runs `work` on the log and on the entry that the user named by id or number. */
function withEntry<T>(which: string, work: (reader: Reader, row: { seq: number; text: string }) => T): T {
  const reader = new Reader(paths().ledger);
  try {
    const row = reader.find(/^\d{1,15}$/.test(which) ? Number(which) : which);
    if (row === null)
      throw new Fault(
        exitCode.missing,
        `There is no entry ${which}.`,
        'An entry is named by its id (ev_…) or its number (seq).',
      );
    return work(reader, row);
  } finally {
    reader.close();
  }
}

const show = (which: string, options: { json?: boolean }): void =>
  withEntry(which, (_, { text }) => {
    if (options.json) return line(text);
    for (const shown of JSON.stringify(JSON.parse(text), null, 2).split('\n')) line(inert(shown));
  });

async function receipt(which: string): Promise<void> {
  const { seq, text } = withEntry(which, (_, row) => row);
  const covered = await freshHead();
  withEntry(String(seq), reader => json(makeReceipt(text, seq, covered, (from, to) => reader.leaves(from, to))));
}

async function exportLog(file: string, options: { format: string }): Promise<void> {
  const form = { jsonl: exportJsonLines, csv: exportCsv }[options.format];
  if (form === undefined)
    throw new Fault(exitCode.usage, `There is no format ${options.format}.`, '--format jsonl or --format csv');
  const reader = new Reader(paths().ledger);
  try {
    const checkpoint = reader.checkpoint();
    const out = file === '-' ? process.stdout : createWriteStream(file, { mode: 0o600 });
    const failed = file === '-' ? null : once(out, 'close');
    for (const text of form(reader.select({})))
      if (!out.write(text)) await Promise.race([once(out, 'drain'), ...(failed ? [failed] : [])]);
    if (failed === null) return;
    out.end();
    await failed;
    if (options.format === 'jsonl' && checkpoint !== null)
      writeFileSync(checkpointBeside(file), checkpoint.text, { mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new Fault(exitCode.failed, `The export ${file} can't be written (${code}).`);
  } finally {
    reader.close();
  }
}

export default function register(program: Command): void {
  const audit = program
    .command('audit')
    .description('evidence: verify, show, export and prove entries of the log')
    .addHelpText(
      'after',
      '\nExample:\n  tf audit head > /mnt/elsewhere/head && tf audit verify --head /mnt/elsewhere/head',
    );
  audit
    .command('verify')
    .description('check the log, or a receipt, offline; exit code 6 if it does not hold')
    .option('--log <file>', 'a ledger.db, or an export in JSON lines')
    .option('--key <file>', "the log's public key (log.pub, or PEM)")
    .option('--head <file>', 'a head that was saved before')
    .option('--receipt <file>', 'check a receipt instead')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf audit verify --log ledger.db --key log.pub --head saved-head')
    .action(runVerify);
  audit
    .command('head')
    .description('the latest signed checkpoint, to be saved elsewhere')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf audit head > saved-head')
    .action(head);
  audit
    .command('show <entry>')
    .description('one entry, by id or number')
    .option('--json', 'print it byte for byte')
    .addHelpText('after', '\nExample:\n  tf audit show ev_01JABCDEFGHJKMNPQRSTVWXYZ0')
    .action(show);
  audit
    .command('export <file>')
    .description('the whole log; - is stdout')
    .requiredOption('--format <format>', 'jsonl or csv')
    .addHelpText('after', '\nExample:\n  tf audit export --format jsonl log.jsonl && tf audit verify --log log.jsonl')
    .action(exportLog);
  audit
    .command('receipt <entry>')
    .description('proof that an entry is in the log, as JSON')
    .option('--json', 'it always is')
    .addHelpText('after', '\nExample:\n  tf audit receipt ev_01JABCDEFGHJKMNPQRSTVWXYZ0 > receipt.json')
    .action(receipt);
}
