/** Spending: what a request sets aside of the limits that it is under, and what it has spent in the end. */
import { Refusal } from '../../src/errors.js';
import type { Outcome, Reserved, Settled } from '../../src/gateway.js';
import type { Classified, Decision, TokenCost } from '../../src/model.js';
import {
  type Amounts,
  amountsOf,
  type Estimate,
  estimate,
  type Ledger,
  type Prices,
  type Usage,
  type UsageReader,
  usageReader,
} from '../../src/spending/index.js';
import type { DataHouse } from './data-path.js';

/** The line's verb. Throws, or rejects with, `Refusal`. */
export type Reserve = (decision: Decision, meaning: Classified) => Promise<Reserved | null> | Reserved | null;

/** After these nothing has been sent. */
const unsent: ReadonlySet<string | null> = new Set([
  'destination_prohibited',
  'overloaded',
  'upstream_dns',
  'upstream_tls',
  'upstream_unreachable',
]);

const tokensOf = ({ cost, also }: Classified): TokenCost | null =>
  also === undefined && typeof cost === 'object' && 'model' in cost ? cost : null;

/** Furnishes the verb. */
export function openSpending({ ledger, prices }: Pick<DataHouse, 'ledger' | 'prices'>): Reserve {
  return (decision, meaning) => {
    if (decision.effect === 'deny') return null;
    const { limits = [] } = decision;
    const tokens = tokensOf(meaning);
    if (limits.length === 0) return tokens && new Hold(ledger, prices, null, tokens, null);
    const expected = estimate(meaning, prices);
    const held = ledger.reserve({ ...expected, limits });
    const hold = (number: number): Hold => new Hold(ledger, prices, number, tokens, expected);
    return held instanceof Promise ? held.then(hold) : hold(held);
  };
}

/** What {@link openSpending} would say now, without setting anything aside. */
export const openLimitCheck =
  ({ ledger, prices }: { readonly ledger: Pick<Ledger, 'check'>; readonly prices: Prices }) =>
  ({ effect, limits = [] }: Decision, meaning: Classified): Refusal | null => {
    if (limits.length === 0 || effect === 'deny') return null;
    try {
      ledger.check({ ...estimate(meaning, prices), limits });
      return null;
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  };

class Hold implements Reserved {
  readonly watcher: UsageReader | null;
  readonly #ledger: DataHouse['ledger'];
  readonly #prices: Prices;
  /** Null: it is under no limit, and only looked at for the log. */
  #number: number | null;
  readonly #tokens: TokenCost | null;
  readonly #expected: Estimate | null;

  constructor(
    ledger: DataHouse['ledger'],
    prices: Prices,
    number: number | null,
    tokens: TokenCost | null,
    expected: Estimate | null,
  ) {
    this.watcher = tokens === null ? null : usageReader();
    this.#ledger = ledger;
    this.#prices = prices;
    this.#number = number;
    this.#tokens = tokens;
    this.#expected = expected;
  }

  release(): void {
    if (this.#number !== null) this.#ledger.release(this.#number);
    this.#number = null;
  }

  settle({ status, error }: Outcome, sent: boolean): Settled | null {
    if (!sent || (status === null && unsent.has(error))) {
      this.release();
      return null;
    }
    // A request that the API refuses as wrong has done nothing.
    const refused = status !== null && status >= 400 && status < 500;
    const usage = error === null ? (this.watcher?.usage ?? null) : null;
    const spent = usage === null ? (refused ? {} : null) : amountsOf(this.#tokens!, usage, this.#prices);
    // What has no price any more counts as it was set aside.
    if (this.#number !== null)
      this.#ledger.settle(this.#number, usage === null ? spent : { ...this.#expected?.amounts, ...spent });
    this.#number = null;
    if (this.#tokens !== null) return usage && { model: this.#tokens.model, ...shown(usage), ...costIn(spent!) };
    return refused || this.#expected === null ? null : costIn(this.#expected.amounts);
  }
}

const shown = ({ input, cached, written, writtenLong, output }: Usage) => ({
  input_tokens: input + cached + written + writtenLong,
  output_tokens: output,
  ...(cached > 0 && { cached_tokens: cached }),
  ...(written + writtenLong > 0 && { cache_write_tokens: written + writtenLong }),
});

/** What was spent, in micro-units of its currency. */
function costIn(amounts: Amounts): Settled | null {
  const currency = Object.keys(amounts).find(unit => unit !== 'tokens');
  return currency === undefined ? null : { cost: { currency, micro: amounts[currency]! } };
}
