/**
 * Prices of language models: the shipped table, and over it the operator's own (`prices.yaml` in TF_HOME), which is read again
 * when it has changed. Prices are US dollars for a million tokens, so that micro-dollars are tokens times price, exactly.
 */
import { readFileSync, statSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { exitCode, Fault } from '../errors.js';
import { exactly } from './currencies.js';
import { shipped } from './shipped.js';
import type { Usage } from './usage.js';

/** What tokens cost: micro-dollars for a million of them. */
export interface Rates {
  readonly input: number;
  readonly cached: number;
  readonly written: number;
  readonly writtenLong: number;
  readonly output: number;
}

/** A model of the table. */
export interface Model extends Rates {
  /** Most tokens of input. */
  readonly context: number;
  /** Most tokens of one answer. */
  readonly maxOutput: number;
  /** Dearer prices, for all tokens of a request that has more than so many of input. */
  readonly long: (Rates & { readonly over: number }) | null;
}

/** The table. */
export interface Prices {
  /** Undefined if the table doesn't know it. Throws `Fault` while prices.yaml can't be used. */
  find(model: string): Model | undefined;
  /** Where the operator adds to it. */
  readonly path: string;
}

const price = z
  .union([z.string(), z.number().transform(String)])
  .transform(text => exactly(text, 6))
  .refine(value => value !== undefined, 'must be dollars for a million tokens, such as 2.50')
  .transform(value => value as number);
const tokens = z.int().min(1).max(1_000_000_000);
const rates = { input: price, cached: price.optional(), written: price.optional(), written_1h: price.optional() };
const schema = z
  .strictObject({
    models: z
      .record(
        z.string(),
        z.strictObject({
          ...rates,
          output: price,
          context: tokens,
          max_output: tokens.optional(),
          long: z.strictObject({ over: tokens, ...rates, output: price }).optional(),
        }),
      )
      .default({}),
  })
  .prefault({});

/** A table as it is written. */
export type PriceTable = z.input<typeof schema>;

type Written = { readonly [name in keyof typeof rates]?: number | undefined } & { readonly output: number };

/** Without a price of their own cached tokens cost what input costs; written ones, too. */
const ratesOf = ({ input = 0, cached, written, written_1h, output }: Written): Rates => ({
  input,
  output,
  cached: cached ?? input,
  written: written ?? input,
  writtenLong: written_1h ?? written ?? input,
});

/** Reads a table. Throws `Fault` (usage) with all its faults. */
export function readPrices(table: unknown, source: string): ReadonlyMap<string, Model> {
  const { success, data, error } = schema.safeParse(table ?? {});
  if (!success)
    throw new Fault(
      exitCode.usage,
      `${source} has faults:\n${error.issues.map(({ path, message }) => `  ${path.join('.') || 'the document'}: ${message}`).join('\n')}`,
      'docs/budgets.md says how a price is written.',
    );
  const models = Object.entries(data.models).map(([name, { long, context, max_output, ...rates }]) => {
    const dearer = long === undefined ? null : { ...ratesOf(long), over: long.over };
    return [name, { ...ratesOf(rates), context, maxOutput: max_output ?? context, long: dearer }] as const;
  });
  return new Map(models);
}

/** Opens the table. A missing file is an empty one. Throws `Fault` if it has faults. */
export function openPrices(path: string): Prices {
  const known = readPrices(shipped, 'the shipped table');
  let seen = '';
  let own: ReadonlyMap<string, Model> = new Map();
  let fault: Fault | null = null;
  const refresh = (): void => {
    const file = statSync(path, { throwIfNoEntry: false });
    const stamp = file === undefined ? '' : `${file.mtimeMs} ${file.size} ${file.ino}`;
    if (stamp !== seen) {
      seen = stamp;
      fault = null;
      try {
        own = file === undefined ? new Map() : readPrices(parse(readFileSync(path, 'utf8')), path);
      } catch (error) {
        fault = error instanceof Fault ? error : new Fault(exitCode.usage, `${path} can't be read: ${String(error)}`);
      }
    }
    if (fault !== null) throw fault;
  };
  refresh();
  return {
    path,
    find(model) {
      refresh();
      for (const name of [model, model.replace(/-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, '')]) {
        const found = own.get(name) ?? known.get(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** Micro-dollars, rounded up. Exact in between: tokens times price may be more than a double can count. */
function total(pairs: readonly (readonly [tokens: number, price: number])[]): number {
  const sum = pairs.reduce((sum, [tokens, price]) => sum + BigInt(tokens) * BigInt(price), 0n);
  return Number((sum + 999_999n) / 1_000_000n);
}

const ratesFor = (model: Model, input: number): Rates =>
  model.long !== null && input > model.long.over ? model.long : model;

/** What an answer cost, in micro-dollars. */
export function costOf(model: Model, usage: Usage): number {
  const { input, cached, written, writtenLong, output } = usage;
  const rates = ratesFor(model, input + cached + written + writtenLong);
  return total([
    [input, rates.input],
    [cached, rates.cached],
    [written, rates.written],
    [writtenLong, rates.writtenLong],
    [output, rates.output],
  ]);
}

/** The most that so many tokens can cost: as if all input were the dearest kind. */
export function mostOf(model: Model, input: number, output: number): number {
  const rates = ratesFor(model, input);
  const dearest = Math.max(rates.input, rates.cached, rates.written, rates.writtenLong);
  return total([
    [input, dearest],
    [output, rates.output],
  ]);
}
