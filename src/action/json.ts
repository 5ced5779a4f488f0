/**
 * The strict JSON reader (RFC 8259, with the restrictions of I-JSON, RFC 7493): what two readers could take for two
 * different documents is no document at all. Everything read here is attacker-controlled.
 */

/** Stands where a document has something that can't be given exactly: `1e400`, a form field given twice. */
export const unclear: unique symbol = Symbol('unclear');

/** A JSON value in which some places may be {@link unclear}. Objects have no prototype. */
export type Json = string | number | boolean | null | typeof unclear | Json[] | JsonObject;

/** A JSON object; `__proto__` is a member like any other. */
export interface JsonObject {
  [name: string]: Json;
}

/** Deeper documents are refused. */
export const maxDepth = 64;
/** Documents with more values in all, and objects with more members, are refused: eight MiB of `{},` become 600 of memory. */
export const maxValues = 250_000;
export const maxMembers = 10_000;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes as text, or undefined if they aren't UTF-8. A byte order mark stays, as U+FEFF. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** An object without prototype, so that no member name has a meaning of its own. */
export const emptyObject = (): JsonObject => Object.create(null) as JsonObject;

/** Whether a value is an object (not an array, not null). */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Like Unicode's simple case folding: `K` (the kelvin sign) and `k` are one, and `ſ` and `s`. */
const fold = (name: string): string => name.toUpperCase().toLowerCase();

/** Whether one of two names is `fooBar` where the other is `foo_bar`. */
const sameWords = (a: string, b: string): boolean =>
  a.includes('_') !== b.includes('_') &&
  fold(a[0] ?? '') === fold(b[0] ?? '') &&
  fold(a.replaceAll('_', '')) === fold(b.replaceAll('_', ''));

/**
 * A member of an object; undefined if it isn't there. {@link unclear} if another one has its name in other letter case, which
 * some readers (Go's, .NET's) take for the same, or as `fooBar` instead of `foo_bar`, which those of protocol buffers do.
 */
export function member(object: JsonObject, name: string): Json | undefined {
  const folded = fold(name);
  for (const other in object) {
    if (other === name) continue;
    if (other.length === name.length ? fold(other) === folded : sameWords(other, name)) return unclear;
  }
  return object[name];
}

/** `[significant digits, power of ten]` of a numeral; the same value has the same pair. */
function normalise(numeral: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(numeral) ?? [];
  const all = (whole + fraction).replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  return digits === '' ? '0' : `${sign}${digits}e${Number(exponent) - fraction.length + all.length - digits.length}`;
}

/**
 * The number that a JSON numeral stands for, or {@link unclear} if the nearest double prints as another value
 * (`9007199254740993`, `1e400`); `0.1` is fine. Minus zero is zero.
 */
export function exactNumber(numeral: string): number | typeof unclear {
  const value = Number(numeral);
  if (numeral.length <= 15 && Number.isInteger(value) && !/[.eE]/.test(numeral)) return value + 0 || 0;
  if (!Number.isFinite(value)) return unclear;
  // A numeral of thousands of digits isn't a number that anybody's API means.
  if (numeral.length > 400) return unclear;
  return normalise(numeral) === normalise(String(value)) ? value || 0 : unclear;
}

const numeral = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// Up to the first character that ends or complicates a string.
const plain = /[^"\\\u0000-\u001f]*/y;
const space = /[ \t\n\r]*/y;
const escapes: { readonly [letter: string]: string } = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Malformed extends Error {}

class Reader {
  readonly #text: string;
  /** How many values there may be yet. */
  readonly #budget: { left: number };
  #at = 0;

  constructor(text: string, budget: { left: number }) {
    this.#text = text;
    this.#budget = budget;
  }

  document(): Json {
    const value = this.#value(0);
    this.#skip();
    if (this.#at !== this.#text.length) throw new Malformed();
    return value;
  }

  #skip(): void {
    space.lastIndex = this.#at;
    space.test(this.#text);
    this.#at = space.lastIndex;
  }

  /** The next character that isn't white space, which is taken. */
  #next(): string {
    this.#skip();
    return this.#text[this.#at++] ?? '';
  }

  #value(depth: number): Json {
    this.#budget.left -= 1;
    if (depth > maxDepth || this.#budget.left < 0) throw new Malformed();
    const first = this.#next();
    if (first === '"') {
      const text = this.#string();
      // For some readers a text ends at NUL.
      return text.includes('\0') ? unclear : text;
    }
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    this.#at -= 1;
    if (first === '-' || (first >= '0' && first <= '9')) {
      numeral.lastIndex = this.#at;
      const found = numeral.exec(this.#text)?.[0];
      if (found === undefined) throw new Malformed();
      this.#at += found.length;
      return exactNumber(found);
    }
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    throw new Malformed();
  }

  #object(depth: number): JsonObject {
    const object = emptyObject();
    if (this.#next() === '}') return object;
    this.#at -= 1;
    for (let members = 1; ; members++) {
      if (this.#next() !== '"' || members > maxMembers) throw new Malformed();
      const name = this.#string();
      // Which of two members counts, and where a name with NUL ends, differs from reader to reader.
      if (name in object || name.includes('\0')) throw new Malformed();
      if (this.#next() !== ':') throw new Malformed();
      object[name] = this.#value(depth + 1);
      const after = this.#next();
      if (after === '}') return object;
      if (after !== ',') throw new Malformed();
    }
  }

  #array(depth: number): Json[] {
    const array: Json[] = [];
    if (this.#next() === ']') return array;
    this.#at -= 1;
    for (;;) {
      array.push(this.#value(depth + 1));
      const after = this.#next();
      if (after === ']') return array;
      if (after !== ',') throw new Malformed();
    }
  }

  /** The rest of a string whose opening quote is taken. */
  #string(): string {
    let value = '';
    for (;;) {
      plain.lastIndex = this.#at;
      plain.test(this.#text);
      value += this.#text.slice(this.#at, plain.lastIndex);
      this.#at = plain.lastIndex;
      const stop = this.#text[this.#at++];
      if (stop === '"') break;
      if (stop !== '\\') throw new Malformed();
      value += this.#escape();
    }
    // A lone surrogate becomes another character on the way to whoever encodes it next.
    if (/\p{Surrogate}/u.test(value)) throw new Malformed();
    return value;
  }

  #escape(): string {
    const letter = this.#text[this.#at++] ?? '';
    if (letter !== 'u') {
      const character = escapes[letter];
      if (character === undefined) throw new Malformed();
      return character;
    }
    const hex = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new Malformed();
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
}

/**
 * Reads one JSON text. Undefined if it isn't one, or is ambiguous: a member twice, lone surrogates, a byte order mark,
 * more than 64 levels, too many values. A number that a double can't hold exactly is {@link unclear}, and so is a text with NUL in it; the
 * rest stays readable.
 */
export function readJson(text: string, budget = { left: maxValues }): Json | undefined {
  try {
    return new Reader(text, budget).document();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Reads each text, all of them or none. */
function readAll(texts: readonly string[]): Json[] | undefined {
  const values: Json[] = [];
  const budget = { left: maxValues };
  if (texts.length > maxMembers) return undefined;
  for (const text of texts) {
    const value = readJson(text, budget);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

/** Reads lines of JSON (NDJSON, JSON Lines). Undefined if one of them isn't, or is empty: some skip it, some don't. */
export const readJsonLines = (text: string): Json[] | undefined =>
  readAll((text.endsWith('\n') ? text.slice(0, -1) : text).split('\n', maxMembers + 1));

/** Reads a JSON text sequence (RFC 7464). Undefined if a text in it isn't whole. */
export function readJsonSequence(text: string): Json[] | undefined {
  const [before, ...texts] = text.split('\u001e', maxMembers + 2);
  return before === '' && texts.every(each => each.endsWith('\n')) ? readAll(texts) : undefined;
}
