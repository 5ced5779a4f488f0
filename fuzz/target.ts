/** Fuzz: what a target is. One per parser of what others send; each says what must hold whatever the input is. */

/** One parser under attack. */
export interface Target {
  readonly name: string;
  /** Inputs that are well formed, or nearly. */
  readonly seeds: readonly (string | Buffer)[];
  /** Pieces that mean something to the parser. */
  readonly tokens: readonly string[];
  /** Longest input in bytes; default 4096. */
  readonly longest?: number;
  /**
   * Gives the parser this input. Throws if something doesn't hold that must. Returns in a word or two what the parser made of
   * it: an input with a new outcome is kept, and changed further.
   */
  run(input: Buffer): string | Promise<string>;
}

/** Runs a parser that may refuse. Its answer, or null if it refused; any other error is a finding. */
export function unlessRefused<T>(parse: () => T, refusal: new (...args: never[]) => Error): T | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof refusal) return null;
    throw error;
  }
}
