/** Tokens: what exchanges gave, in memory only, until shortly before it ends, or its secret, or whoever uses it, does. */
import { needles } from '../../../src/credentials/index.js';
import type { KillScope, Scheme } from '../../../src/model.js';

/** Most tokens of one secret, and bytes of them together: those unused for longest end when there is one more. */
const mostOfOne = 8;
const mostBytes = 16_384;

/** Seconds after which a token is asked for anew, however long its server calls it good. */
const longest = 86_400;

export interface NewToken {
  /** Id of the entry of the request that got it. */
  readonly id: string;
  readonly key: string;
  readonly secret: string;
  readonly version: number;
  readonly scheme: Scheme;
  readonly connector: string | null;
  readonly value: Buffer;
  /** Seconds that it is good for. */
  readonly seconds: number;
  /** What is done once nobody uses it any more. */
  over(): void;
}

/** A token that can be used. */
export interface Token extends NewToken {
  /** One more than that of the token before. */
  readonly number: number;
  /** It isn't used from then on; milliseconds since the epoch. */
  readonly expires: number;
  /** Runs that have used it, and the gateway of each. */
  readonly users: Map<string, string>;
  readonly timer: NodeJS.Timeout;
  ended: boolean;
}

/** In every form in which an answer could show them. Whoever asks zeroes them. */
export const formsOf = (tokens: readonly Token[]): Buffer[] =>
  tokens.flatMap(({ value, scheme }) => needles(value, scheme));

export class Tokens {
  readonly #now: () => number;
  readonly #live = new Map<string, Token>();
  #generation = 0;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Another number whenever there are other tokens. */
  get generation(): number {
    return this.#generation;
  }

  find(key: string): Token | undefined {
    const token = this.#live.get(key);
    if (token === undefined) return undefined;
    if (this.#now() >= token.expires) return void this.#end(token);
    this.#live.delete(key);
    this.#live.set(key, token);
    return token;
  }

  /** Keeps it, until a minute before its time is over, or a fifth of that time if it is short. */
  put(given: NewToken): Token {
    const known = this.#live.get(given.key);
    if (known !== undefined) this.#end(known);
    const own = [...this.#live.values()].filter(({ secret }) => secret === given.secret);
    let bytes = own.reduce((sum, { value }) => sum + value.length, given.value.length);
    own.forEach((oldest, i) => {
      if (own.length - i < mostOfOne && bytes <= mostBytes) return;
      bytes -= oldest.value.length;
      this.#end(oldest);
    });
    const seconds = Math.min(given.seconds, longest);
    const lasts = (seconds - Math.min(60, seconds / 5)) * 1000;
    const token: Token = {
      ...given,
      number: ++this.#count,
      expires: this.#now() + lasts,
      users: new Map(),
      timer: setTimeout(() => this.#end(token), lasts).unref(),
      ended: false,
    };
    this.#live.set(token.key, token);
    this.#generation += 1;
    return token;
  }

  /** Ends those of which this is so. */
  end(which: (token: Token) => boolean): void {
    for (const token of [...this.#live.values()]) if (which(token)) this.#end(token);
  }

  /** Ends those that nobody is left to use after what a scope covers. */
  revoke(scope: KillScope): void {
    this.end(({ users }) => {
      if (scope.kind === 'all' || scope.kind === 'connector') return true;
      for (const [run, gateway] of users) if (scope.name === (scope.kind === 'run' ? run : gateway)) users.delete(run);
      return users.size === 0;
    });
  }

  /** Those of the secrets of which `usable` is so, in the order in which they came. */
  of(usable: (secret: string) => boolean): Token[] {
    return [...this.#live.values()].filter(({ secret }) => usable(secret)).sort((a, b) => a.number - b.number);
  }

  #end(token: Token): void {
    if (token.ended) return;
    token.ended = true;
    clearTimeout(token.timer);
    if (this.#live.get(token.key) === token) this.#live.delete(token.key);
    token.value.fill(0);
    this.#generation += 1;
    token.over();
  }
}
