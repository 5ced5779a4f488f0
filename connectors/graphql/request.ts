/**
 * GraphQL over HTTP: which operations a request would execute, and their root fields. POST with JSON (also a batch) or
 * `application/graphql`, and GET. A stored query counts only if its text is there, and has the hash that is named.
 */
import type { RequestView, Value } from '../../src/model.js';
import { type Document, type Operation, readDocument, type Selection } from './syntax.js';
import { type Resolved, resolveAll } from './values.js';

/** A root field, with what its arguments are. */
export interface RootField {
  readonly name: string;
  readonly arguments: ReadonlyMap<string, Resolved>;
  readonly selections: readonly Selection[];
}

/** What one GraphQL request would do. */
export interface Execution {
  readonly type: Operation['type'];
  readonly name: string | null;
  /** In order, one for each time that it is asked. */
  readonly fields: readonly RootField[];
  readonly fragments: Document['fragments'];
}

type Given = { readonly [name: string]: Value };

const maxFields = 100;

const isRecord = (value: Value | undefined): value is Given =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Finds the operation that would be executed; null if that can't be told for certain. Variables that can't be told are null.
 */
export function readOperation(query: string, operationName: string | null, given: Given | null = {}): Execution | null {
  const document = readDocument(query);
  if (document === null) return null;
  const chosen = document.operations.filter(({ name }) => operationName === null || name === operationName);
  const operation = chosen[0];
  const names = document.operations.map(({ name }) => name);
  if (operation === undefined || chosen.length > 1 || new Set(names).size !== names.length) return null;
  // An anonymous operation must be alone (§5.2.2.1).
  if (names.length > 1 && names.includes(null)) return null;
  const { type, name, variables, selections } = operation;
  const fields: RootField[] = [];
  const scope = { declared: variables, given, found: new Map<string, Resolved>() };
  /** Each fragment counts once, for a chain in which every one names the next twice doubles at every step. */
  const state = new Map<string, 'open' | 'done'>();
  const collect = (list: readonly Selection[]): boolean =>
    list.every(selection => {
      if ('field' in selection) {
        const { field, selections: inner } = selection;
        return (
          fields.push({ name: field, arguments: resolveAll(selection.arguments, scope), selections: inner }) <=
          maxFields
        );
      }
      if ('inline' in selection) return collect(selection.inline);
      const { spread } = selection;
      const fragment = document.fragments.get(spread);
      if (state.get(spread) === 'done') return true;
      if (fragment === undefined || state.get(spread) === 'open' || state.size > maxFields) return false;
      state.set(spread, 'open');
      const whole = collect(fragment);
      state.set(spread, 'done');
      return whole;
    });
  return collect(selections) ? { type, name, fields, fragments: document.fragments } : null;
}

/** UTF-8, for there is no encoder here. */
const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(encodeURIComponent(text).match(/%..|[^%]/g) ?? [], one =>
    one.length === 1 ? one.charCodeAt(0) : Number.parseInt(one.slice(1), 16),
  );

/** Whether what is said of a stored query is true of the text: the server may look only at the hash. */
function isItself(query: string, stored: Value, request: RequestView): boolean {
  if (!isRecord(stored) || !Object.keys(stored).every(key => key === 'version' || key === 'sha256Hash')) return false;
  const hash = stored.sha256Hash;
  return typeof hash === 'string' && hash === request.digest('sha256', bytesOf(query));
}

/** Names of extensions by which servers find a query that they know already. */
const stored = /persist|quer(y|ies)|document|operation|hash|^_?id$/i;

/** Whether the text is what is executed, and not another one that an extension names. */
const isWhole = (query: string, extensions: Given, request: RequestView): boolean =>
  Object.entries(extensions).every(([name, value]) =>
    name === 'persistedQuery' ? isItself(query, value, request) : !stored.test(name),
  );

/** Reads one request (GraphQL over HTTP §5.3); null if it isn't a plain one. */
function readOne(value: Value, request: RequestView): Execution | null {
  if (!isRecord(value)) return null;
  const { query, operationName = null, variables = null, extensions = null } = value;
  const known = Object.keys(value).every(key => ['query', 'operationName', 'variables', 'extensions'].includes(key));
  if (!known || typeof query !== 'string' || /\p{Surrogate}/u.test(query)) return null;
  if (extensions !== null && !(isRecord(extensions) && isWhole(query, extensions, request))) return null;
  if (variables !== null && !isRecord(variables)) return null;
  if (operationName !== null && typeof operationName !== 'string') return null;
  return readOperation(query, operationName === '' ? null : operationName, variables ?? {});
}

/** JSON that is written as everybody prints it; undefined for what two readers could read differently. */
function plainJson(text: string): Value | undefined {
  try {
    const value = JSON.parse(text) as Value;
    return JSON.stringify(value) === text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1') ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A request in the query: a mutation in a GET is still one. */
function readQuery(request: RequestView): Execution | null {
  const given: { [name: string]: Value } = {};
  for (const [name, text] of request.query) {
    if (Object.hasOwn(given, name)) return null;
    const value = name === 'variables' || name === 'extensions' ? plainJson(text === '' ? 'null' : text) : text;
    if (value === undefined) return null;
    given[name] = value;
  }
  return readOne(given, request);
}

/** The operations that a request would execute; null if that can't be told for all of them. */
export function readExecutions(request: RequestView): readonly Execution[] | null {
  const { json, method, body } = request;
  if (method === 'GET') {
    const one = body.state === 'none' || body.bytes === 0 ? readQuery(request) : null;
    return one && [one];
  }
  if (request.query.length > 0) return null;
  if (json === undefined) {
    const document = /^application\/graphql\s*(;\s*charset="?utf-8"?\s*)?$/i.test(request.header('content-type') ?? '')
      ? request.text
      : undefined;
    const one = document === undefined ? null : readOperation(document, null);
    return one && [one];
  }
  const list = Array.isArray(json) ? (json as readonly Value[]) : [json];
  if (list.length === 0 || list.length > maxFields) return null;
  const executions = list.map(one => readOne(one, request));
  if (!executions.every(one => one !== null)) return null;
  return executions.reduce((sum, { fields }) => sum + fields.length, 0) <= maxFields ? executions : null;
}
