/** Fuzz: drives one target: makes inputs, runs them, and keeps those that did something new. */
import { mutate, randomFrom } from './mutate.js';
import type { Target } from './target.js';

/** An input for which something did not hold. */
export interface Finding {
  readonly input: Buffer;
  readonly error: unknown;
}

/** What came of it. */
export interface Driven {
  readonly inputs: number;
  /** Different outcomes, as the target names them. */
  readonly outcomes: ReadonlySet<string>;
  readonly finding: Finding | null;
}

export interface DriveOptions {
  readonly seed: number;
  /** Asked before each input; how many there were. */
  goOn(inputs: number): boolean;
  /** Told each input before it runs. */
  watch?(input: Buffer): void;
}

const maxKept = 2_000;

/** Runs the seeds, then inputs that are made of them, until one is a finding or it is enough. */
export async function drive(target: Target, { seed, goOn, watch }: DriveOptions): Promise<Driven> {
  const random = randomFrom(seed);
  const corpus: Buffer[] = target.seeds.map(each => Buffer.from(each));
  const tokens = target.tokens.map(each => Buffer.from(each));
  const outcomes = new Set<string>();
  const waiting = [...corpus];
  for (let inputs = 0; ; inputs++) {
    if (!goOn(inputs)) return { inputs, outcomes, finding: null };
    const input = waiting.shift() ?? mutate(corpus, tokens, random, target.longest ?? 4096);
    watch?.(input);
    try {
      // What a parser does to its input must not come back as another input.
      const outcome = await target.run(Buffer.from(input));
      if (!outcomes.has(outcome) && corpus.length < maxKept) corpus.push(input);
      outcomes.add(outcome);
    } catch (error) {
      return { inputs: inputs + 1, outcomes, finding: { input, error } };
    }
  }
}
