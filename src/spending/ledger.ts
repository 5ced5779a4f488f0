/**
 * The ledger: how much of each limit is used. One for the whole proxy; a request is checked against all of its limits and
 * counted by them in one step, so that requests at the same time can't share what is left. What budgets have spent, and what
 * rates by the hour and the day have counted, is on disk before the request goes on.
 */
import { Refusal } from '../errors.js';
import type { Permission } from '../model.js';
import { type Limit, limitsOf, printAmount } from './limits.js';
import { endOf, windowAt } from './windows.js';

/** Unit (`usd`, `tokens`) → how much; micro-units for currencies. */
export type Amounts = { readonly [unit: string]: number };

/** What a request may spend at most, and why that isn't known where it isn't. */
export interface Estimate {
  readonly amounts: Amounts;
  readonly unknown: { readonly money?: string; readonly tokens?: string };
}

/** What a request wants to be counted by. */
export interface Wanted extends Estimate {
  /** Ids of the permissions whose limits it is under, each as often as it allows something that the request does. */
  readonly limits: readonly string[];
}

/** What one limit has counted, as it is kept. */
export interface Spent {
  readonly permission: string;
  readonly limit: string;
  readonly window: number;
  readonly used: number;
}

/** Where it is kept; each `put` is on disk when it returns. */
export interface SpendingStore {
  all(): Spent[];
  put(key: string, value: Spent): void;
  remove(key: string): boolean;
}

/** How much of a limit is used, for people. */
export interface LimitState {
  readonly limit: string;
  readonly unit: string;
  readonly used: string;
  readonly left: string;
  /** When it is renewed. */
  readonly until: string;
}

/** The counters of all limits. */
export interface Ledger {
  /**
   * Sets aside what a request may spend; the number under which it is given back or settled.
   * Throws `Refusal` `rate_limited` or `budget_exceeded` (429), or `denied` for what no budget can let pass.
   */
  reserve(wanted: Wanted): number;
  /** Throws what {@link reserve} would; sets nothing aside. */
  check(wanted: Wanted): void;
  /** What was spent in the end; null: not known, so that what was set aside counts. */
  settle(reservation: number, amounts: Amounts | null): void;
  /** Nothing was sent. */
  release(reservation: number): void;
  /** The limits of a permission as they stand. */
  state(permission: Permission): readonly LimitState[];
  /** The permission is no more. */
  forget(permission: string): void;
}

/** What the ledger is opened with. */
export interface LedgerOptions {
  readonly store: SpendingStore;
  readonly permission: (id: string) => Permission | undefined;
  readonly now: () => number;
}

interface Count {
  window: number;
  used: number;
}

/** What was set aside of one limit. */
interface Part {
  readonly key: string;
  readonly limit: Limit;
  readonly count: Count;
  readonly window: number;
  readonly amount: number;
}

const periods = { s: 'second', min: 'minute', hour: 'hour', day: 'day', month: 'month' };

export function openLedger({ store, permission: find, now }: LedgerOptions): Ledger {
  const counts = new Map<string, Count>();
  const open = new Map<number, readonly (Part & { readonly permission: string })[]>();
  const keyOf = (id: string, { text }: Limit): string => `${id} ${text}`;
  for (const { permission, limit, window, used } of store.all()) counts.set(`${permission} ${limit}`, { window, used });
  let next = 1;

  /** The count of a limit now. A clock that goes back doesn't reopen a window that is over. */
  const current = (key: string, { period }: Limit): Count => {
    const window = windowAt(period, now());
    const count = counts.get(key) ?? { window, used: 0 };
    counts.set(key, count);
    if (window > count.window) Object.assign(count, { window, used: 0 });
    return count;
  };
  const write = (id: string, { key, limit, count }: Part): void => {
    if (isBrief(limit)) return;
    store.put(key, { permission: id, limit: limit.text, window: count.window, used: count.used });
  };

  /** Adds the difference to what is set aside, if that window still runs. */
  const change = (reservation: number, actual: (part: Part) => number): void => {
    for (const part of open.get(reservation) ?? []) {
      const { key, count, window, amount } = part;
      if (counts.get(key) !== count || count.window !== window || actual(part) === amount) continue;
      count.used = Math.max(0, count.used + actual(part) - amount);
      // What can't be written down stays counted on disk as it was set aside.
      try {
        write(part.permission, part);
      } catch {}
    }
    open.delete(reservation);
  };

  /** What is to be set aside of each limit. Throws `Refusal`. */
  const partsOf = (wanted: Wanted): readonly (Part & { readonly permission: string })[] => {
    const times = new Map<string, number>();
    for (const id of wanted.limits) times.set(id, (times.get(id) ?? 0) + 1);
    return [...times].flatMap(([id, time]) => {
      const permission = find(id);
      if (permission === undefined)
        throw new Refusal('denied', `There is no permission ${id}, by whose limits the policy wants it counted.`, {
          rule: id,
        });
      const limits = limitsOf(permission);
      const units = new Set(limits.map(({ unit }) => unit));
      return limits.map(limit => {
        const amount = limit.unit === 'requests' ? time : amountOf(id, limit, wanted, units);
        const key = keyOf(id, limit);
        const count = current(key, limit);
        check(id, limit, count, amount, now());
        return { permission: id, key, limit, count, window: count.window, amount };
      });
    });
  };

  return {
    reserve(wanted) {
      const parts = partsOf(wanted);
      for (const { count, amount } of parts) count.used += amount;
      try {
        for (const part of parts) if (part.amount > 0) write(part.permission, part);
      } catch (cause) {
        for (const { count, amount } of parts) count.used -= amount;
        throw new Refusal('log_unavailable', "What it would spend can't be written down.", { cause });
      }
      open.set(next, parts);
      return next++;
    },
    check: wanted => void partsOf(wanted),
    settle: (reservation, amounts) =>
      change(reservation, ({ limit: { unit }, amount }) =>
        unit === 'requests' || amounts === null ? amount : (amounts[unit] ?? 0),
      ),
    release: reservation => change(reservation, () => 0),
    state: permission =>
      limitsOf(permission).map(limit => {
        const { used, window } = current(keyOf(permission.id, limit), limit);
        const { unit, most, period, text } = limit;
        return {
          limit: text,
          unit,
          used: printAmount(used, unit),
          left: printAmount(Math.max(0, most - used), unit),
          until: new Date(endOf(period, window)).toISOString(),
        };
      }),
    forget(id) {
      for (const key of counts.keys())
        if (key.startsWith(`${id} `)) {
          counts.delete(key);
          store.remove(key);
        }
    },
  };
}

/** A rate by the second or the minute: sooner over than a proxy that ends has begun anew. It is in memory only. */
const isBrief = ({ unit, period }: Limit): boolean => unit === 'requests' && (period === 's' || period === 'min');

/** How much of a budget the request may use. Throws `Refusal` (`denied`) if nobody knows. */
function amountOf(id: string, { unit }: Limit, { amounts, unknown }: Estimate, units: ReadonlySet<string>): number {
  const why = unit === 'tokens' ? unknown.tokens : unknown.money;
  // Each currency needs a budget of its own.
  const other = Object.keys(amounts).find(each => each !== 'tokens' && !units.has(each));
  const reason = why ?? (unit !== 'tokens' && other !== undefined ? `this request spends ${other}` : undefined);
  if (reason === undefined) return amounts[unit] ?? 0;
  throw new Refusal('denied', `${id} has a budget in ${unit}, and ${reason}.`, {
    rule: id,
    next: 'Ask an operator to allow it with a permission without that budget, or do without it.',
  });
}

/** Throws `Refusal` if the limit has no room for the amount. */
function check(id: string, { unit, most, period, text }: Limit, { used, window }: Count, amount: number, now: number) {
  if (amount <= most - used) return;
  const retryAfter = Math.max(1, Math.ceil((endOf(period, window) - now) / 1000));
  const extra = { rule: id, retryAfter };
  if (unit === 'requests' && amount > most)
    throw new Refusal('denied', `${id} allows ${text}, and this request does ${amount} things at once.`, {
      rule: id,
      next: 'Send fewer of them in one request.',
    });
  if (unit === 'requests')
    throw new Refusal(
      'rate_limited',
      amount > 1
        ? `${id} allows ${text}: this ${periods[period]} (UTC) has ${most - used} left, and this request does ${amount} things at once.`
        : `${id} allows ${text}, and this ${periods[period]} (UTC) has had them.`,
      extra,
    );
  const [asked, spent] = [printAmount(amount, unit), printAmount(used, unit)];
  if (amount > most)
    throw new Refusal(
      'denied',
      `${id} has a budget of ${text}, and this request alone may spend ${asked} ${unit}, more than all of it.`,
      { rule: id, next: 'Ask for less (of a model: fewer output tokens), or ask an operator for a larger budget.' },
    );
  throw new Refusal(
    'budget_exceeded',
    `${id} has a budget of ${text}: ${spent} are spent or set aside, and this request may spend ${asked} ${unit}.`,
    extra,
  );
}
