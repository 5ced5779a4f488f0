/**
 * The roster: one sealed list of every row and its digest, under the vault's generation. A row that was swapped, copied,
 * removed, or put back as it once was, is not the row that the roster names.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { VaultError } from './error.js';
import { associated, type Keys, type Random, seal, unseal } from './seal.js';
import { boundMembers, readMeta, type SecretMeta } from './secret.js';
import type { Header, Row, Snapshot } from './store.js';

/** One secret in memory: still sealed. */
export interface Entry {
  readonly meta: SecretMeta;
  readonly row: Row;
  /** Associated data of the wrapped data key and of the sealed value. */
  readonly keyBound: Buffer;
  readonly valueBound: Buffer;
}

/** The vault as of one generation. */
export interface Contents {
  readonly header: Header;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** What the roster seals besides its list: the whole header. */
const headerBound = (header: Omit<Header, 'roster'>): Buffer =>
  associated('roster', header.id, header.source, header.check.toString('hex'), header.generation);

const digest = (row: Row): string =>
  createHash('sha256')
    .update(JSON.stringify([row.meta, row.wrapped.toString('base64'), row.sealed.toString('base64')]))
    .digest('hex');

const lines = (entries: Iterable<Entry>): Map<string, string> =>
  new Map([...entries].map(({ meta, row }) => [`${meta.name} v${meta.version}`, digest(row)]));

/** What the seals of a secret bind: everything that describes it. */
export const boundsOf = (vault: string, meta: SecretMeta): Pick<Entry, 'keyBound' | 'valueBound'> => ({
  keyBound: associated('key', vault, ...boundMembers(meta)),
  valueBound: associated('value', vault, ...boundMembers(meta)),
});

/** The header of the next state, its roster sealed over these entries. */
export function sealedHeader(
  header: Omit<Header, 'roster'>,
  entries: Iterable<Entry>,
  keys: Keys,
  random: Random,
): Header {
  const list = Buffer.from(JSON.stringify([...lines(entries)].sort()));
  return { ...header, roster: seal(keys.roster, list, headerBound(header), random) };
}

/** Reads a snapshot, and with keys verifies every byte of it. Throws `wrong_key`, or `corrupt` naming what differs. */
export function contentsOf({ header, rows }: Snapshot, keys: Keys | null): Contents {
  if (!Number.isSafeInteger(header.generation) || header.generation < 1)
    throw damaged('its generation is not a number');
  const entries = new Map<string, Entry>();
  for (const row of rows) {
    const meta = readMeta(row.meta);
    if (meta === null || meta.name !== row.name) {
      throw damaged(`the row ${JSON.stringify(row.name)} does not describe that secret`);
    }
    entries.set(meta.name, { meta, row, ...boundsOf(header.id, meta) });
  }
  const contents = { header, entries };
  if (keys !== null) verify(contents, keys);
  return contents;
}

function verify({ header, entries }: Contents, keys: Keys): void {
  const list = unseal(keys.roster, header.roster, headerBound(header));
  const ours = header.check.length === keys.check.length && timingSafeEqual(header.check, keys.check);
  if (list === null && !ours) {
    throw new VaultError(
      'wrong_key',
      'The key does not open this vault.',
      `It was made with a key from: ${kind(header)}.`,
    );
  }
  if (list === null || !ours) throw damaged('its header or roster was changed');
  const named = new Map(JSON.parse(list.toString()) as [string, string][]);
  const found = lines(entries.values());
  const faults = [...found]
    .filter(([line, hash]) => named.get(line) !== hash)
    .map(([line]) => `the row ${line} is not the one that was written`);
  for (const line of named.keys()) if (!found.has(line)) faults.push(`the row ${line} is missing`);
  if (faults.length > 0) throw damaged(faults.join('; '));
}

/** The kind of key source that the header names, for messages. */
function kind(header: Header): string {
  const named = /^\{"kind":"([a-z]+)"/.exec(header.source)?.[1];
  return named ?? 'an unknown source';
}

/** A vault that isn't what was written. */
export const damaged = (what: string): VaultError =>
  new VaultError('corrupt', `The vault is damaged or was tampered with: ${what}.`, 'Restore it from a backup.');
