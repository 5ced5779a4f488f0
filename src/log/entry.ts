/** An entry of the log: how a draft becomes the exact bytes that are hashed, chained and kept (interface §5). */
import type { Draft } from '../model.js';
import { canonical } from './canonical.js';

/** `prev` of the first entry. */
export const noEntryBefore = '0'.repeat(64);

/** The longest entry, in UTF-16 code units; what is longer is refused. */
const entryLimit = 1 << 20;

/** What the log adds to a draft; `prev` comes last, from the writer. */
export interface Stamp {
  readonly id: string;
  readonly seq: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
}

const own = ['v', 'seq', 'id', 'time', 'prev'];

/** Texts of deeply frozen members: a run's subject is the same object in each of its entries. */
const fragments = new WeakMap<object, string>();

const deeplyFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(deeplyFrozen));

function fragment(value: unknown): string {
  if (typeof value !== 'object' || value === null) return canonical(value);
  const known = fragments.get(value);
  if (known !== undefined) return known;
  const text = canonical(value, 1);
  if (Object.isFrozen(value) && deeplyFrozen(value)) fragments.set(value, text);
  return text;
}

/** The order of an entry's members: drafts of one type nearly always have the same ones. */
interface Plan {
  readonly names: readonly string[];
  /** All members in order, the log's own among them, each with its name as it is written. */
  readonly members: readonly { readonly name: string; readonly quoted: string }[];
}

const plans = new Map<string, Plan>();

function planFor(draft: Draft): Plan {
  const names = Object.keys(draft);
  const known = plans.get(draft.type);
  if (known !== undefined && names.length === known.names.length && names.every((name, i) => name === known.names[i])) {
    return known;
  }
  const taken = own.find(name => names.includes(name));
  if (taken !== undefined) throw new TypeError(`The log itself gives an entry its member ${taken}.`);
  const members = [...names, ...own].sort().map(name => ({ name, quoted: `${canonical(name)}:` }));
  const plan = { names, members };
  plans.set(draft.type, plan);
  return plan;
}

/**
 * The canonical JSON of an entry in two pieces, around the value of `prev`: `before + prev + after` are its bytes, so
 * that the writer, who alone knows `prev`, neither parses nor builds anything. Throws `TypeError` for a draft that
 * JSON can't hold, that is too long, or that has a member of the log's own.
 */
export function pieces(draft: Draft, stamp: Stamp): { readonly before: string; readonly after: string } {
  let before = '';
  let text = '';
  for (const { name, quoted } of planFor(draft).members) {
    if (name === 'prev') {
      before = `{${text}"prev":"`;
      text = '"';
      continue;
    }
    const value = name === 'id' || name === 'seq' || name === 'time' ? stamp[name] : name === 'v' ? 1 : draft[name];
    if (value === undefined) continue;
    text += before === '' ? `${quoted}${fragment(value)},` : `,${quoted}${fragment(value)}`;
  }
  const length = before.length + text.length + 65;
  if (length > entryLimit) throw new TypeError(`The entry has ${length} characters; the log takes ${entryLimit}.`);
  return { before, after: `${text}}` };
}
