/** Limits: what an operator writes (`10/min`, `usd 20/day`, `tokens 100000/day`), and the same as numbers. */
import { decimalsOf, exactly, parseMoney, printMoney } from './currencies.js';
import type { Period } from './windows.js';

/** A limit of one permission. */
export interface Limit {
  /** As it is written, in one spelling. It tells the limits of a permission apart. */
  readonly text: string;
  /** What is counted: `requests`, `tokens`, or a currency in lower case, in micro-units. */
  readonly unit: string;
  readonly most: number;
  readonly period: Period;
}

/** A limit, or what is wrong with it, as a sentence. */
export type ParsedLimit = Limit | string;

/** Most limits of one permission. */
export const mostLimits = 8;

const perRate: readonly string[] = ['s', 'min', 'hour', 'day'];
const perBudget: readonly string[] = ['min', 'hour', 'day', 'month'];
const largest = 1_000_000_000_000;

/** Reads a rate. */
export function parseRate(text: string): ParsedLimit {
  const [, count = '', period = ''] = /^(\d+)\/([a-z]+)$/.exec(text) ?? [];
  const most = exactly(count, 0);
  if (most === undefined || most < 1 || most > largest || !perRate.includes(period))
    return `The rate ${JSON.stringify(text)} is not understood: write a number from 1, and ${perRate.map(each => `/${each}`).join(', ')}, as in 10/min.`;
  return { text: `${most}/${period}`, unit: 'requests', most, period: period as Period };
}

/** Reads a budget. */
export function parseBudget(text: string): ParsedLimit {
  const fault = (why: string): string =>
    `The budget ${JSON.stringify(text)} ${why}: write a currency or \`tokens\`, an amount, and ${perBudget.map(each => `/${each}`).join(', ')}, as in "usd 20/day".`;
  const [, name, amount = '', period = ''] = /^([A-Za-z]+) +(\d+(?:\.\d+)?)\/([a-z]+)$/.exec(text) ?? [];
  if (name === undefined || !perBudget.includes(period)) return fault('is not understood');
  const unit = name.toLowerCase();
  if (unit !== 'tokens' && decimalsOf(unit) === undefined) return fault(`is in "${unit}", which is no currency`);
  const most = unit === 'tokens' ? exactly(amount, 0) : parseMoney(amount, unit);
  if (most === undefined)
    return fault(`is too large to be counted exactly, or has more than ${decimalsOf(unit) ?? 0} decimals`);
  if (most < 1) return fault('is nothing');
  return { text: `${unit} ${printAmount(most, unit)}/${period}`, unit, most, period: period as Period };
}

/** A number of this unit for a person. */
export const printAmount = (value: number, unit: string): string =>
  decimalsOf(unit) === undefined ? String(value) : printMoney(value, unit);

/** The limits of a permission. Throws TypeError if one of them can't be read. */
export function limitsOf({ rate = [], budget = [] }: Limited): readonly Limit[] {
  return [...rate.map(parseRate), ...budget.map(parseBudget)].map(limit => {
    if (typeof limit === 'string') throw new TypeError(limit);
    return limit;
  });
}

/** What may have limits. */
export interface Limited {
  readonly rate?: readonly string[];
  readonly budget?: readonly string[];
}
