/**
 * Expressions: where in a request a parameter is. OpenAPI runtime expressions without `$request.`, and a type:
 * `body#/base/ref as string`, `query.state`, `path.number as integer`, `header.x-y`, `argument.channel`.
 */
import type { Value } from '../model.js';
import { exactNumber, isObject, type Json, member, unclear } from './json.js';
import type { View } from './view.js';

/** Path parameters, decoded. */
export type PathParameters = { readonly [name: string]: string };

/** What an expression finds: a value, undefined (known to be absent), or unclear (there, but not known). */
export type Found = Value | undefined | typeof unclear;

/** A compiled expression. */
export interface Expression {
  /** As it was written, without the type. */
  readonly place: string;
  readonly source: 'body' | 'query' | 'path' | 'header' | 'argument';
  /** Name of the path parameter or header field, or first segment of the pointer. */
  readonly name: string;
  read(view: View, path: PathParameters): Found;
}

/** Longer strings and bigger lists are unknown to policy and log. */
const maxText = 4096;
const maxItems = 100;

const types = ['integer', 'number', 'boolean', 'string', 'strings', 'absent'] as const;
type Type = (typeof types)[number];

/** The value as `type`; unclear if it is of another one. Text from a query or a form may spell a number or boolean. */
function convert(value: Json, type: Type | undefined, text: boolean): Found {
  if (type === 'string') return typeof value === 'string' ? value : unclear;
  if (type === 'strings') {
    return Array.isArray(value) && value.every(item => typeof item === 'string') ? value : unclear;
  }
  if (type === 'boolean') {
    if (text) return value === 'true' ? true : value === 'false' ? false : unclear;
    return typeof value === 'boolean' ? value : unclear;
  }
  if (type !== undefined) {
    const pattern = type === 'integer' ? /^-?(?:0|[1-9]\d{0,15})$/ : /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;
    const number = text && typeof value === 'string' && pattern.test(value) ? exactNumber(value) : value;
    if (typeof number !== 'number') return unclear;
    return type === 'integer' && !Number.isSafeInteger(number) ? unclear : number || 0;
  }
  return value as Value;
}

/** Whether a value is exact and small enough to be shown to policy and log. */
function bounded(value: Json, depth: number): boolean {
  if (typeof value === 'string') return value.length <= maxText;
  if (typeof value !== 'object' || value === null) return value !== unclear;
  const items = Array.isArray(value) ? value : Object.values(value);
  return depth < 4 && items.length <= maxItems && items.every(item => bounded(item, depth + 1));
}

/** Follows a JSON pointer (RFC 6901). */
function follow(document: Json, pointer: readonly string[]): Json | undefined {
  let node: Json | undefined = document;
  for (const segment of pointer) {
    if (node === unclear || node === undefined) return node;
    if (isObject(node)) node = member(node, segment);
    else if (Array.isArray(node) && /^(0|[1-9]\d{0,5})$/.test(segment)) node = node[Number(segment)];
    else return unclear;
  }
  return node;
}

/** The value at `pointer` in the body; absent only if the body can be read, or there is none. */
function inBody(view: View, pointer: readonly string[]): Json | undefined {
  if (view.empty) return undefined;
  const document = view.document;
  return document === undefined ? unclear : follow(document, pointer);
}

/** The value of a query parameter; unclear if the query could be read in two ways or gives it twice. */
function inQuery(view: View, name: string): Json | undefined {
  const query = view.nestedQuery;
  return query === undefined ? unclear : member(query, name);
}

/** Whether the body has, or may have, a top-level member of this name. */
const bodyHas = (view: View, name: string): boolean => {
  const document = view.document;
  return document === undefined ? view.mayHoldParameters : isObject(document) && member(document, name) !== undefined;
};

function find(source: Expression['source'], name: string, pointer: readonly string[], view: View): Json | undefined {
  if (source === 'header') return view.header(name) ?? (view.has(name) ? unclear : undefined);
  // An API that merges query and body lets one override the other; which one, only it knows.
  if (source === 'body') return inQuery(view, name) === undefined ? inBody(view, pointer) : unclear;
  const inUrl = inQuery(view, name);
  if (source === 'query') return bodyHas(view, name) ? unclear : inUrl;
  const inside = inBody(view, [name]);
  return inUrl === undefined ? inside : inside === undefined ? inUrl : unclear;
}

/** Whether text stands for everything there: in queries, header fields and forms. */
const isText = (view: View, source: Expression['source'], name: string): boolean =>
  source === 'query' ||
  source === 'header' ||
  view.isForm ||
  (source === 'argument' && inQuery(view, name) !== undefined);

/** Compiles an expression, or says what is wrong with it. */
export function compileExpression(text: string): Expression | string {
  const [, place = '', typeName] = /^(.*?)(?: as (\S+))?$/s.exec(text) ?? [];
  const [, pointerText, word, rest] = /^(?:body#(\/.*)|(query|path|header|argument)\.(\S+))$/s.exec(place) ?? [];
  const type = types.find(known => known === typeName);
  if (typeName !== undefined && type === undefined) {
    return `${JSON.stringify(text)} ends in a type that is none of ${types.join(', ')}`;
  }
  if (pointerText === undefined && rest === undefined) {
    return `the expression ${JSON.stringify(text)} is not understood: write body#/a/b, query.x, path.x, header.x or argument.x`;
  }
  const segments = (pointerText ?? '').split('/').slice(1);
  const pointer = segments.map(segment => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const source = (word ?? 'body') as Expression['source'];
  const name = source === 'header' ? rest!.toLowerCase() : (rest ?? pointer[0]!);
  return {
    place,
    source,
    name,
    read(view, path) {
      const value = source === 'path' ? path[name] : find(source, name, pointer, view);
      if (type === 'absent' && value !== unclear) return value === undefined ? true : undefined;
      if (value === undefined || value === unclear) return value;
      const converted = convert(value, type, source === 'path' || isText(view, source, name));
      return bounded(converted as Json, 0) ? converted : unclear;
    },
  };
}
