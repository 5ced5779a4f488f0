/** Look-ups: where the facts are that a request lacks. What is asked later may name what was found before. Pure. */
import type { LookupRow, Value } from '../model.js';

/** Values by the names of parameters. */
export type Values = { readonly [name: string]: Value };

const braces = /\{([a-z_][a-z0-9_]*)\}/g;

/** What is in a path is canonical; what is in a body or an answer may be `..`, or hold a slash. */
const isPlain = (value: Value | undefined): value is string | number =>
  (typeof value === 'string' || typeof value === 'number') && /^[\w-]{1,255}$/.test(String(value));

/** The look-up and those after it. */
export function* chain(lookup: LookupRow | null | undefined): Iterable<LookupRow> {
  for (let one = lookup; one; one = one.next) yield one;
}

/** Every parameter that is looked up, and so unknown before. */
export const lookedUp = (lookup: LookupRow | null | undefined): readonly string[] => [
  ...new Set([...chain(lookup)].flatMap(({ parameters }) => Object.keys(parameters))),
];

/** Says what is wrong with a look-up. `known` are the names that its paths may have in braces. */
export function checkLookup(lookup: LookupRow, known: readonly string[], fault: (sentence: string) => void): void {
  const names = [...known];
  for (const { request, parameters } of chain(lookup)) {
    if (!/^GET (?:https:\/\/[a-z0-9.-]+)?\/\S+$/.test(String(request)))
      fault(`the look-up ${JSON.stringify(request)} is not GET and a path`);
    for (const [, name] of String(request).matchAll(braces))
      if (!names.includes(name!)) fault(`{${name}} in the look-up is neither in the template nor a parameter`);
    names.push(...Object.keys(parameters));
  }
}

/** The look-up with what the request says filled in; null if that can't be in a path: the facts are unknown then. */
export function filledIn(
  lookup: LookupRow,
  path: { readonly [name: string]: string },
  given: Values,
): LookupRow | null {
  const fill = (row: LookupRow, later: readonly string[]): LookupRow | null => {
    let sound = true;
    const request = row.request.replace(braces, (whole, name: string) => {
      if (path[name] !== undefined) return encodeURIComponent(path[name]);
      if (later.includes(name)) return whole;
      const value = given[name];
      if (isPlain(value)) return String(value);
      sound = false;
      return '';
    });
    if (!sound) return null;
    const next = row.next && fill(row.next, [...later, ...Object.keys(row.parameters)]);
    return { request, parameters: row.parameters, ...(next && { next }) };
  };
  return fill(lookup, []);
}

/** What a look-up asks; `host` if it is another host of the API than the request's. */
export interface Target {
  readonly host: string | null;
  readonly path: string;
  readonly query: string;
}

/** The target of a look-up that {@link filledIn} gave, when it is asked: null if what it needs was not found. */
export function targetOf(lookup: LookupRow, found: Values): Target | null {
  let sound = true;
  const target = lookup.request.slice('GET '.length).replace(braces, (_, name: string) => {
    const value = found[name];
    if (isPlain(value)) return String(value);
    sound = false;
    return '';
  });
  const [, host = null, origin = target] = /^https:\/\/([^/]+)(\/.*)$/.exec(target) ?? [];
  const [path = '', query = ''] = origin.split('?');
  return sound ? { host, path, query } : null;
}
