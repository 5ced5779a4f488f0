/** The log in forms that other programs read. */
import { closeSync, openSync, readSync } from 'node:fs';
import { actionsOf, gatewayOf, type Row, type Seen } from './reader.js';
import type { StoredEntry } from './verify.js';

/** JSON lines: each line the exact bytes of one entry, so that an export verifies as the log does. */
export function* exportJsonLines(rows: Iterable<Row>): Generator<string> {
  for (const row of rows) yield `${row.text}\n`;
}

const columns = [
  'seq',
  'time',
  'type',
  'id',
  'run',
  'gateway',
  'effect',
  'action',
  'resource',
  'rule',
  'reason',
  'entry',
];

/** RFC 4180, and made harmless for spreadsheets: a cell that would be taken for a formula gets an apostrophe. */
function cell(value: unknown): string {
  const text = value === undefined || value === null ? '' : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** CSV: a heading, then one line for each entry, its canonical JSON in the last column. */
export function* exportCsv(rows: Iterable<Row>): Generator<string> {
  yield `${columns.join(',')}\r\n`;
  for (const { text } of rows) {
    const entry = JSON.parse(text) as Seen;
    const { decision, resource } = entry as { decision?: Part; resource?: Part };
    const about =
      resource == null ? '' : [resource.type, resource.id].filter(part => part !== undefined && part !== '').join(':');
    const values = [
      entry.seq,
      entry.time,
      entry.type,
      entry.id,
      entry.run,
      gatewayOf(entry),
      decision?.effect,
      [...new Set(actionsOf(entry))].join(', '),
      about,
      decision?.rule,
      decision?.reason,
      text,
    ];
    yield `${values.map(cell).join(',')}\r\n`;
  }
}

type Part = { readonly [name: string]: unknown } | null;

const chunkSize = 1 << 16;
/** Longer than any entry can be in UTF-8 (three bytes for each UTF-16 code unit). */
const lineLimit = 4 << 20;

/** Reads an export in JSON lines back, for `verify`: bytes of each line, in bounded memory. Throws `RangeError` for a line that is no entry. */
export function* storedLines(path: string): Generator<StoredEntry> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(chunkSize);
    let rest: Buffer[] = [];
    let waiting = 0;
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0 && end < read; end = chunk.indexOf(10, start)) {
        yield { bytes: Buffer.concat([...rest, chunk.subarray(start, end)]) };
        rest = [];
        waiting = 0;
        start = end + 1;
      }
      rest.push(Buffer.from(chunk.subarray(start, read)));
      waiting += read - start;
      if (waiting > lineLimit) throw new RangeError('A line is longer than an entry can be.');
    }
    if (waiting > 0) yield { bytes: Buffer.concat(rest) };
  } finally {
    closeSync(file);
  }
}
