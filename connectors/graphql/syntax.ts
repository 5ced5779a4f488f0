/**
 * A reader of executable GraphQL documents (October 2021 specification, §2): operations with their variables, root fields
 * with their arguments, fragments. What it doesn't understand is no document. Everything read here is attacker-controlled.
 */

/** A value as it is written; `text` of a number or a quoted string is as in the document. */
export type Literal =
  | { readonly kind: 'variable' | 'enum' | 'number' | 'string'; readonly text: string }
  | { readonly kind: 'word'; readonly value: boolean | null }
  | { readonly kind: 'list'; readonly items: readonly Literal[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Literal> };

/** A field by its own name, not its alias. */
export interface Field {
  readonly field: string;
  readonly arguments: ReadonlyMap<string, Literal>;
  readonly selections: readonly Selection[];
}

/** A field, a fragment that is spread, or what an inline fragment holds. What `@skip` may leave out is there, too. */
export type Selection = Field | { readonly spread: string } | { readonly inline: readonly Selection[] };

/** The type of a variable: a name, within so many lists; `required` may not be null. */
export interface TypeName {
  readonly name: string;
  readonly lists: number;
  readonly required: boolean;
}

/** A variable of an operation. */
export interface Variable {
  readonly type: TypeName;
  readonly standard: Literal | null;
}

/** One operation of a document. */
export interface Operation {
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly name: string | null;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly selections: readonly Selection[];
}

/** What a text says. */
export interface Document {
  readonly operations: readonly Operation[];
  readonly fragments: ReadonlyMap<string, readonly Selection[]>;
}

// What readers differ about is no token: other white space, what else might end a comment (U+2028 does for some), a carriage
// return alone, and quotes or backslashes next to the end of a block string.
const token =
  /(?<ignored>(?:[\t\n ,\uFEFF]|\r\n)+|#[^\n\r\v\f\u0085\u2028\u2029]*)|(?<name>[_A-Za-z][_0-9A-Za-z]{0,254}(?![_0-9A-Za-z]))|(?<mark>\.\.\.|[!$&():=@[\]{|}])|(?<value>"""(?:[^"\\]|"{1,2}(?!")|\\"{1,3}(?!")|\\+(?!["\\]))*"""(?!")|"(?!"")(?:[^"\\\n\r]|\\.)*"|""(?!")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![_0-9A-Za-z.]))/y;

/** What no document has in it (§2.1.1). */
const control = /[\0-\x08\v\f\x0e-\x1f]/;

const maxTokens = 50_000;
const maxDepth = 32;

/** The document's tokens; null if something in it is no token. */
function tokens(text: string): string[] | null {
  const found: string[] = [];
  if (control.test(text)) return null;
  for (let at = 0; at < text.length; ) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null || found.length > maxTokens) return null;
    at = token.lastIndex;
    if (match.groups?.ignored === undefined) found.push(match[0]);
  }
  return found;
}

class Unreadable extends Error {}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(list: readonly string[]) {
    this.#tokens = list;
  }

  document(): Document {
    const operations: Operation[] = [];
    const fragments = new Map<string, readonly Selection[]>();
    while (this.#at < this.#tokens.length) {
      const word = this.#peek();
      if (word === '{')
        operations.push({ type: 'query', name: null, variables: new Map(), selections: this.#selections(0) });
      else if (word === 'query' || word === 'mutation' || word === 'subscription') {
        this.#at += 1;
        const name = this.#isName() ? this.#take() : null;
        const variables = this.#peek() === '(' ? this.#variables() : new Map<string, Variable>();
        this.#directives();
        operations.push({ type: word, name, variables, selections: this.#selections(0) });
      } else if (word === 'fragment') {
        this.#at += 1;
        const name = this.#name();
        if (fragments.has(name) || name === 'on' || this.#take() !== 'on') throw new Unreadable();
        this.#name();
        this.#directives();
        fragments.set(name, this.#selections(0));
      } else throw new Unreadable();
    }
    return { operations, fragments };
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #take(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  #expect(mark: string): void {
    if (this.#take() !== mark) throw new Unreadable();
  }

  #isName(): boolean {
    return /^[_A-Za-z]/.test(this.#peek());
  }

  #name(): string {
    if (!this.#isName()) throw new Unreadable();
    return this.#take();
  }

  #directives(): void {
    while (this.#peek() === '@') {
      this.#at += 1;
      this.#name();
      this.#arguments();
    }
  }

  #variables(): Map<string, Variable> {
    const found = new Map<string, Variable>();
    this.#expect('(');
    while (this.#peek() !== ')') {
      this.#expect('$');
      const name = this.#name();
      this.#expect(':');
      const type = this.#type(0);
      let standard: Literal | null = null;
      if (this.#peek() === '=') {
        this.#at += 1;
        standard = this.#value(0);
      }
      this.#directives();
      if (found.has(name)) throw new Unreadable();
      found.set(name, { type, standard });
    }
    this.#at += 1;
    return found;
  }

  #type(depth: number): TypeName {
    if (depth > maxDepth) throw new Unreadable();
    let inner: TypeName;
    if (this.#peek() === '[') {
      this.#at += 1;
      const { name, lists } = this.#type(depth + 1);
      this.#expect(']');
      inner = { name, lists: lists + 1, required: false };
    } else inner = { name: this.#name(), lists: 0, required: false };
    if (this.#peek() !== '!') return inner;
    this.#at += 1;
    return { ...inner, required: true };
  }

  #arguments(): Map<string, Literal> {
    if (this.#peek() !== '(') return new Map();
    this.#at += 1;
    return this.#members(')', 0);
  }

  /** Pairs up to a closing mark. Which of two of one name would count isn't ours to say. */
  #members(close: string, depth: number): Map<string, Literal> {
    const found = new Map<string, Literal>();
    while (this.#peek() !== close) {
      const name = this.#name();
      this.#expect(':');
      if (found.has(name)) throw new Unreadable();
      found.set(name, this.#value(depth));
    }
    this.#at += 1;
    return found;
  }

  #value(depth: number): Literal {
    if (depth > maxDepth) throw new Unreadable();
    const next = this.#take();
    if (next === '$') return { kind: 'variable', text: this.#name() };
    if (next === '{') return { kind: 'object', members: this.#members('}', depth + 1) };
    if (next === '[') {
      const items: Literal[] = [];
      while (this.#peek() !== ']') items.push(this.#value(depth + 1));
      this.#at += 1;
      return { kind: 'list', items };
    }
    if (next === 'true' || next === 'false' || next === 'null')
      return { kind: 'word', value: next === 'null' ? null : next === 'true' };
    if (/^[_A-Za-z]/.test(next)) return { kind: 'enum', text: next };
    if (next.startsWith('"')) return { kind: 'string', text: next };
    if (/^[-\d]/.test(next)) return { kind: 'number', text: next };
    throw new Unreadable();
  }

  #selections(depth: number): Selection[] {
    if (depth > maxDepth) throw new Unreadable();
    this.#expect('{');
    const found: Selection[] = [];
    while (this.#peek() !== '}') found.push(this.#selection(depth));
    this.#at += 1;
    if (found.length === 0) throw new Unreadable();
    return found;
  }

  #selection(depth: number): Selection {
    if (this.#peek() === '...') {
      this.#at += 1;
      if (this.#isName() && this.#peek() !== 'on') {
        const spread = this.#name();
        this.#directives();
        return { spread };
      }
      if (this.#peek() === 'on') {
        this.#at += 1;
        this.#name();
      }
      this.#directives();
      return { inline: this.#selections(depth + 1) };
    }
    let field = this.#name();
    if (this.#peek() === ':') {
      this.#at += 1;
      field = this.#name();
    }
    const found = this.#arguments();
    this.#directives();
    return { field, arguments: found, selections: this.#peek() === '{' ? this.#selections(depth + 1) : [] };
  }
}

/** Reads a document; null if it isn't one, or is longer or deeper than anybody can judge. Never throws. */
export function readDocument(text: string): Document | null {
  const list = tokens(text);
  if (list === null) return null;
  try {
    return new Reader(list).document();
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}
