/**
 * A reader of GraphQL documents (October 2021 specification, §2) that finds just what a decision needs: operations and
 * their root fields, through aliases and fragments. What it doesn't understand is no document.
 */
import type { Meaning, RequestView, Value } from '../src/model.js';

/** One operation of a document. */
interface Operation {
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly name: string | null;
  readonly selections: readonly Selection[];
}

/** A root field by its own name (not its alias), a spread fragment, or what an inline fragment holds. */
type Selection = { readonly field: string } | { readonly spread: string } | { readonly inline: readonly Selection[] };

interface Document {
  readonly operations: readonly Operation[];
  readonly fragments: ReadonlyMap<string, readonly Selection[]>;
}

const token =
  /(?<ignored>[\s,\uFEFF]+|#[^\n\r]*)|(?<name>[_A-Za-z][_0-9A-Za-z]*)|(?<mark>\.\.\.|[!$&():=@[\]{|}])|(?<value>"""(?:\\"""|[^\\]|\\(?!"""))*?"""|"(?!"")(?:[^"\\\n\r]|\\.)*"|""(?!")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![_0-9A-Za-z.]))/y;

const maxTokens = 50_000;
const maxDepth = 32;
const maxFields = 100;

/** The document's tokens, values as `""`; null if something in it is no token. */
function tokens(text: string): string[] | null {
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null || found.length > maxTokens) return null;
    at = token.lastIndex;
    if (match.groups?.ignored === undefined) found.push(match.groups?.value === undefined ? match[0] : '""');
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
      if (word === '{') operations.push({ type: 'query', name: null, selections: this.#selections(0) });
      else if (word === 'query' || word === 'mutation' || word === 'subscription') {
        this.#at += 1;
        const name = this.#isName() ? this.#take() : null;
        if (this.#peek() === '(') this.#skip('(', ')');
        this.#directives();
        operations.push({ type: word, name, selections: this.#selections(0) });
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

  #isName(): boolean {
    return /^[_A-Za-z]/.test(this.#peek());
  }

  #name(): string {
    if (!this.#isName()) throw new Unreadable();
    return this.#take();
  }

  /** Skips what is between a pair of brackets, with them; other brackets in it must be balanced too. */
  #skip(open: string, close: string): void {
    if (this.#take() !== open) throw new Unreadable();
    const expected = [close];
    while (expected.length > 0) {
      const next = this.#take();
      if (next === '' || expected.length > maxDepth) throw new Unreadable();
      if (next === '(' || next === '[' || next === '{') expected.push(next === '(' ? ')' : next === '[' ? ']' : '}');
      else if ((next === ')' || next === ']' || next === '}') && expected.pop() !== next) throw new Unreadable();
    }
  }

  #directives(): void {
    while (this.#peek() === '@') {
      this.#at += 1;
      this.#name();
      if (this.#peek() === '(') this.#skip('(', ')');
    }
  }

  #selections(depth: number): Selection[] {
    if (depth > maxDepth || this.#take() !== '{') throw new Unreadable();
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
    if (this.#peek() === '(') this.#skip('(', ')');
    this.#directives();
    if (this.#peek() === '{') this.#skip('{', '}');
    return { field };
  }
}

/**
 * Adds the fields that a list of selections stands for; false if a fragment is missing, or there are too many. Each fragment
 * counts once (`done` when it is through), for a chain in which every one names the next twice doubles at every step.
 */
function collect(
  selections: readonly Selection[],
  document: Document,
  fields: Set<string>,
  seen: Map<string, 'open' | 'done'>,
): boolean {
  return selections.every(selection => {
    if ('field' in selection) return fields.add(selection.field).size <= maxFields;
    if ('inline' in selection) return collect(selection.inline, document, fields, seen);
    const { spread } = selection;
    const fragment = document.fragments.get(spread);
    const state = seen.get(spread);
    if (state === 'done') return true;
    if (fragment === undefined || state === 'open' || seen.size > maxFields) return false;
    seen.set(spread, 'open');
    const whole = collect(fragment, document, fields, seen);
    seen.set(spread, 'done');
    return whole;
  });
}

/** What one GraphQL request would do. */
export interface Execution {
  readonly type: Operation['type'];
  readonly name: string | null;
  /** Names of the root fields, each once, in order, without aliases. */
  readonly fields: readonly string[];
}

/** Finds the operation that would be executed, and its root fields; null if that can't be told for certain. */
export function readOperation(query: string, operationName: string | null): Execution | null {
  const list = tokens(query);
  if (list === null) return null;
  let document: Document;
  try {
    document = new Reader(list).document();
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
  const chosen = document.operations.filter(({ name }) => operationName === null || name === operationName);
  const operation = chosen[0];
  const names = document.operations.map(({ name }) => name);
  if (operation === undefined || chosen.length > 1 || new Set(names).size !== names.length) return null;
  // An anonymous operation must be alone (§5.2.2.1).
  if (names.length > 1 && names.includes(null)) return null;
  const fields = new Set<string>();
  if (!collect(operation.selections, document, fields, new Map())) return null;
  return { type: operation.type, name: operation.name, fields: [...fields] };
}

const isRecord = (value: Value | undefined): value is { readonly [name: string]: Value } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads one request of a GraphQL body (GraphQL over HTTP §5.3); null if it isn't a plain one. */
function readRequest(value: Value): Execution | null {
  if (!isRecord(value)) return null;
  const { query, operationName = null, variables = null, extensions = null } = value;
  const known = Object.keys(value).every(key => ['query', 'operationName', 'variables', 'extensions'].includes(key));
  // A persisted query's text is on the server, whatever else the request says.
  const persisted = isRecord(extensions ?? undefined) && Object.hasOwn(extensions as object, 'persistedQuery');
  if (!known || persisted || typeof query !== 'string') return null;
  if (variables !== null && !isRecord(variables)) return null;
  if (operationName !== null && typeof operationName !== 'string') return null;
  return readOperation(query, operationName === '' ? null : operationName);
}

/** A route's function for `POST /graphql`: a batch is taken for the strictest of its operations. */
export function graphql(request: RequestView): Meaning | null {
  const { json } = request;
  if (json === undefined || request.query.length > 0) return null;
  const executions = Array.isArray(json) ? (json as readonly Value[]).map(readRequest) : [readRequest(json)];
  if (executions.length === 0 || executions.length > maxFields) return null;
  const sure = executions.filter(execution => execution !== null);
  if (sure.length !== executions.length || sure.some(({ type }) => type === 'subscription')) return null;
  const mutation = sure.some(({ type }) => type === 'mutation');
  const strictest = sure.filter(({ type }) => !mutation || type === 'mutation');
  const fields = [...new Set(strictest.flatMap(execution => execution.fields))];
  const names = [...new Set(strictest.map(({ name }) => name))];
  const deletes = mutation && fields.some(field => /^(delete|remove)/.test(field));
  return {
    action: mutation ? 'graphql.mutation' : 'graphql.query',
    access: deletes ? 'delete' : mutation ? 'write' : 'read',
    resource: `graphql:${fields[0]}`,
    parameters: {
      fields,
      ...(fields.length === 1 && { field: fields[0]! }),
      ...(names.length === 1 && names[0] !== null && { operation: names[0]! }),
    },
    // Of several fields no single one is the field that a condition may rely on.
    unknown: fields.length === 1 ? [] : ['field'],
  };
}
