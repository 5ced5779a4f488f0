/**
 * Freezes: stretches of time in which nothing is changed. A freeze denies everything but what lists and reads, whatever the
 * policy says, for all gateways and actions or for those that it names. A child is frozen when one of its parents is.
 */

import { matchesPattern, patternFault } from '../action/pattern.js';
import { isTimeZone } from '../config/timezone.js';
import { exitCode, Fault } from '../errors.js';
import type { Action, Freeze, Question } from '../model.js';
import { pointIn, printWall } from './clock.js';

/** A freeze before it has an id. */
export type FreezeDraft = Omit<Freeze, 'id' | 'by' | 'created_at'>;

/** The freeze, or every fault as a sentence. */
export type ParsedFreeze =
  | { readonly freeze: FreezeDraft; readonly faults?: undefined }
  | { readonly freeze?: undefined; readonly faults: readonly string[] };

/** Where freezes are kept; each `put` is on disk when it returns. */
export interface FreezeStore {
  all(): Freeze[];
  put(key: string, value: Freeze): void;
  remove(key: string): boolean;
}

/** The freezes that there are, over ones among them until somebody removes them. */
export interface Freezes {
  /** In the order in which they begin. */
  list(): Freeze[];
  find(id: string): Freeze | undefined;
  /** Throws `Fault` when there are too many. */
  add(draft: FreezeDraft, by: string, now: number): Freeze;
  remove(id: string): void;
}

/** At most so many: whoever may add one is not only the operator. */
const most = 200;
const lengths = { interval: 100, gateway: 100, action: 200, reason: 300 };
const members = Object.keys(lengths);

/** Opens them; `next` gives numbers that are never given twice. */
export function openFreezes(store: FreezeStore, next: () => number): Freezes {
  const freezes = new Map(store.all().map(freeze => [freeze.id, freeze]));
  return {
    list: () => [...freezes.values()].sort((a, b) => (a.from < b.from ? -1 : 1)),
    find: id => freezes.get(id),
    add(draft, by, now) {
      if (freezes.size >= most)
        throw new Fault(exitCode.failed, `There are ${most} freezes already.`, 'Remove some: tf freeze list');
      const freeze: Freeze = { ...draft, id: `freeze_${next()}`, by, created_at: new Date(now).toISOString() };
      store.put(freeze.id, freeze);
      freezes.set(freeze.id, freeze);
      return freeze;
    },
    remove(id) {
      store.remove(id);
      freezes.delete(id);
    },
  };
}

/** Reads the fields of `tf freeze add`; `zone`: the operator's time zone, in which days and times without an offset are. */
export function parseFreeze(fields: Readonly<Record<string, unknown>>, zone: string): ParsedFreeze {
  const faults = Object.keys(fields)
    .filter(member => !members.includes(member))
    .map(member => `A freeze has no ${JSON.stringify(member)}; it has ${members.join(', ')}.`);
  const text = (member: keyof typeof lengths): string | null => {
    const value = fields[member] ?? null;
    if (value === null) return null;
    if (typeof value !== 'string' || /[\p{Cc}\p{Surrogate}]/u.test(value) || value.length > lengths[member]) {
      faults.push(`${member} must be a text of at most ${lengths[member]} characters, without control characters.`);
      return null;
    }
    // `--gateway "$NAME"` without that variable is not meant to freeze all of them.
    if (value === '') faults.push(`${member} is empty: write what it should be, or leave it out.`);
    return value;
  };
  const [interval, gateway, action, reason] = [text('interval'), text('gateway'), text('action'), text('reason')];
  const fault = action === null ? null : patternFault(action, '.');
  if (fault !== null) faults.push(fault);
  const ends = isTimeZone(zone) ? endsOf(interval ?? '', zone) : `${JSON.stringify(zone)} is not a time zone.`;
  if (typeof ends === 'string') faults.push(ends);
  if (faults.length > 0 || typeof ends === 'string') return { faults };
  const [from, until] = ends.map(at => new Date(at).toISOString()) as [string, string];
  return { freeze: { interval: interval!, timezone: zone, from, until, gateway, action, reason: reason ?? '' } };
}

const example =
  'write two dates or times with a slash between them, as in 2026-12-20/2027-01-02 or 2026-12-20T18:00/2027-01-02T08:00';

/** The last moment of four digits: one of five would come before all others in the order of letters. */
const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** First and last moment of an ISO 8601 interval, or what is wrong with it. */
function endsOf(interval: string, zone: string): readonly [number, number] | string {
  const [start = '', end = '', ...more] = interval.split('/');
  const [from, until] = [pointIn(start, zone), pointIn(end, zone)];
  if (from === null || until === null || more.length > 0)
    return `The interval ${JSON.stringify(interval)} is not understood: ${example}.`;
  const ends = [from.first, Math.min(until.whole ? until.next : until.last, last)] as const;
  return ends[0] < ends[1] ? ends : `The interval ${interval} ends before it begins.`;
}

/** A freeze as the policy's data has it. */
export type FreezeData = Pick<Freeze, 'id' | 'from' | 'until' | 'gateway' | 'action' | 'reason' | 'timezone'>;

/** The freeze that forbids what a question asks about, at the time of that question; null if none does. */
export function frozenBy(
  freezes: readonly FreezeData[],
  { subject, action, also = [], context }: Pick<Question, 'subject' | 'action' | 'also' | 'context'>,
): FreezeData | null {
  for (const freeze of freezes) {
    // Both are in the one form of RFC 3339 whose order is that of their letters.
    if (context.time < freeze.from || context.time >= freeze.until) continue;
    if (freeze.gateway !== null && freeze.gateway !== subject.id && !subject.chain.includes(freeze.gateway)) continue;
    if ([action, ...also.map(part => part.action)].some(each => changes(each) && named(freeze.action, each)))
      return freeze;
  }
  return null;
}

const changes = ({ access }: Action): boolean => access !== 'list' && access !== 'read';

const named = (pattern: string | null, { name, aliases = [] }: Action): boolean =>
  pattern === null || [name, ...aliases].some(each => matchesPattern(pattern, each, '.'));

/** What whoever is refused for it reads. */
export const frozenReason = ({ id, until, timezone, reason }: FreezeData): string =>
  `Nothing is changed until ${printWall(timezone, Date.parse(until))} ${timezone} (${id})${reason === '' ? '.' : `: ${reason.replace(/\.?$/, '.')}`}`;
