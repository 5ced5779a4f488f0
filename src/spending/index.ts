/** Spending: limits on how often a gateway may do something, and on what it may spend doing it. */

export { amountsOf, estimate } from './estimate.js';
export {
  type Amounts,
  type Estimate,
  type Ledger,
  type LimitState,
  openLedger,
  type SpendingStore,
  type Spent,
  type Wanted,
} from './ledger.js';
export {
  type Limit,
  type Limited,
  limitsOf,
  mostLimits,
  type ParsedLimit,
  parseBudget,
  parseRate,
  printAmount,
} from './limits.js';
export { openPrices, type Prices } from './prices.js';
export { type Usage, type UsageReader, usageReader } from './usage.js';
