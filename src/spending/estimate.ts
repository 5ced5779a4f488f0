/** Estimate: what a request may spend at most, before it is sent. What nobody can tell is unknown, never nothing. */
import type { Classified, MoneyCost, TokenCost } from '../model.js';
import { decimalsOf, fromMinor } from './currencies.js';
import type { Amounts, Estimate } from './ledger.js';
import { costOf, type Model, mostOf, type Prices } from './prices.js';
import type { Usage } from './usage.js';

/** The estimate for one thing that a request would do. */
function estimateOne({ action, cost, typed }: Classified, prices: Prices): Estimate {
  if (cost === 'nothing') return none;
  if (cost !== undefined) return 'amount' in cost ? ofMoney(action, cost) : ofTokens(cost, prices);
  if (typed && ['list', 'read', 'delete'].includes(action.access)) return none;
  const why = `what ${action.name} spends is not known`;
  return { amounts: {}, unknown: { money: why, tokens: why } };
}

const none: Estimate = { amounts: {}, unknown: {} };

/** The estimate for all that a request would do. */
export function estimate({ also = [], ...first }: Classified, prices: Prices): Estimate {
  return [first, ...also]
    .map(part => estimateOne(part, prices))
    .reduce((sum, { amounts, unknown }) => {
      const units = [...new Set([...Object.keys(sum.amounts), ...Object.keys(amounts)])];
      const added = units.map(unit => [unit, (sum.amounts[unit] ?? 0) + (amounts[unit] ?? 0)] as const);
      return { amounts: Object.fromEntries(added), unknown: { ...unknown, ...sum.unknown } };
    });
}

function ofMoney({ name, parameters, unknown }: Classified['action'], cost: MoneyCost): Estimate {
  const first = (names: string | readonly string[]): unknown => {
    const there = [names].flat().find(one => parameters[one] !== undefined || unknown.includes(one));
    return there === undefined || unknown.includes(there) ? undefined : parameters[there];
  };
  const [amount, named] = [first(cost.amount), first(cost.currency)];
  const currency = typeof named === 'string' ? named.toLowerCase() : undefined;
  const places = currency === undefined ? undefined : (cost.decimals?.[currency] ?? decimalsOf(currency));
  const micro =
    typeof amount === 'number' && currency !== undefined && decimalsOf(currency) !== undefined
      ? fromMinor(amount, currency, places)
      : undefined;
  if (micro === undefined || currency === undefined)
    return { amounts: {}, unknown: { money: `how much ${name} spends can't be told from this request` } };
  return { amounts: { [currency]: micro }, unknown: {} };
}

function ofTokens({ model: name, input, output, choices, fees, strange }: TokenCost, prices: Prices): Estimate {
  if (strange.length > 0) {
    const why = `what ${named(strange[0]!)} in this request costs is not known`;
    return { amounts: {}, unknown: { money: why, tokens: why } };
  }
  const [model, fault] = lookUp(name, prices);
  const most = { input: input ?? model?.context, output: output ?? model?.maxOutput };
  const read = most.input ?? Number.NaN;
  const wrote = (most.output ?? Number.NaN) * (choices ?? Number.NaN);
  const unpriced =
    fault ??
    `the price table doesn't know the model ${JSON.stringify(name ?? '?')} (an operator can add it to ${prices.path})`;
  if (!Number.isSafeInteger(read + wrote))
    return {
      amounts: {},
      unknown: {
        money: model === undefined ? unpriced : fees ? dearer : unbounded,
        tokens: model === undefined ? unpriced : unbounded,
      },
    };
  const tokens = read + wrote;
  if (model === undefined) return { amounts: { tokens }, unknown: { money: unpriced } };
  return { amounts: { tokens, usd: mostOf(model, read, wrote) }, unknown: fees ? { money: dearer } : {} };
}

/** A name that somebody else wrote, if it is one. */
const named = (name: string): string => (/^\w{1,40}$/.test(name) ? `"${name}"` : 'something');

/** The model, or undefined and perhaps what is wrong with the table. */
function lookUp(name: string | null, prices: Prices): readonly [Model | undefined, string?] {
  try {
    return [name === null ? undefined : prices.find(name)];
  } catch (error) {
    return [undefined, `the price table can't be read (${error instanceof Error ? error.message : 'unknown'})`];
  }
}

/** What an answer has spent. Without a price only its tokens. */
export function amountsOf({ model: name, fees }: TokenCost, usage: Usage, prices: Prices): Amounts {
  const { input, cached, written, writtenLong, output } = usage;
  const [model] = lookUp(name, prices);
  const tokens = input + cached + written + writtenLong + output;
  return model === undefined || fees ? { tokens } : { tokens, usd: costOf(model, usage) };
}

const dearer = 'it asks for more than tokens, which the price table has no price for';
const unbounded = 'how many tokens it may use is not known';
