/** Routes compiled: a connector's rows become readers of requests; what is wrong with them is said all at once. */
import type { Access, Hint, LookupRow, Meaning, Reader, Route, RouteRow, Value } from '../model.js';
import { compileExpression, type Expression, type PathParameters } from './expression.js';
import { unclear } from './json.js';
import { checkLookup, filledIn, lookedUp } from './lookup.js';
import type { Template } from './template.js';
import type { View } from './view.js';

/** Names of parameters because of which nothing milder than "unclassified" can be said. */
export interface Undetermined {
  readonly undetermined: readonly string[];
}

/** What a compiled route makes of a request; null: not described. */
export type Reading = Meaning | readonly Meaning[] | Undetermined | null;

/** Reads one request whose path fits. May throw what a connector's function throws. */
export type CompiledRoute = (view: View, path: PathParameters, data: Value) => Reading;

/** Text with `{names}` in it. */
interface Filled {
  readonly names: readonly string[];
  fill(value: (name: string) => string): string;
}

const braces = /\{([a-z_][a-z0-9_]*)\+?\}/g;

function compileText(text: string): Filled {
  // Texts and names in turn, because of the group in the pattern.
  const pieces = text.split(braces);
  return {
    names: pieces.filter((_, i) => i % 2 === 1),
    fill(value) {
      let filled = pieces[0]!;
      for (let i = 1; i < pieces.length; i += 2) filled += value(pieces[i]!) + pieces[i + 1]!;
      return filled;
    },
  };
}

interface Condition {
  readonly expression: Expression;
  readonly values: readonly Value[];
}

interface Row {
  readonly action: string;
  readonly aliases: readonly string[] | undefined;
  readonly hints: RouteRow['hints'];
  readonly access: Access | undefined;
  readonly resource: Filled | null;
  readonly parameters: readonly (readonly [name: string, expression: Expression])[];
  readonly when: readonly Condition[] | null;
  readonly lookup: LookupRow | null;
  /** What it looks up. */
  readonly facts: readonly string[];
  readonly cost: RouteRow['cost'];
}

/** The names of actions, without the connector's prefix: words, of which those behind the first may have an API's own capitals. */
export const isActionName = (name: string): boolean => /^[a-z][a-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_]*)*$/.test(name);

const accesses: readonly string[] = ['list', 'read', 'write', 'delete', 'permissions'] satisfies Access[];
const rowKeys = ['action', 'aliases', 'access', 'hints', 'resource', 'parameters', 'when', 'lookup', 'cost'];
const hints: readonly string[] = ['destructive', 'irreversible'] satisfies Hint[];

/** Compiles one row; `fault` is told every fault. `names` are the path's parameters. */
function compileRow(row: RouteRow, names: readonly string[], fault: (sentence: string) => void): Row {
  for (const key of Object.keys(row)) if (!rowKeys.includes(key)) fault(`the key ${JSON.stringify(key)} is unknown`);
  if (!isActionName(String(row.action)))
    fault(`the action ${JSON.stringify(row.action)} is not words joined by dots, the first in lower case`);
  for (const alias of row.aliases ?? [])
    if (!isActionName(String(alias)))
      fault(`the alias ${JSON.stringify(alias)} is not words joined by dots, the first in lower case`);
  for (const hint of row.hints ?? [])
    if (!hints.includes(hint)) fault(`the hint ${JSON.stringify(hint)} is none of ${hints.join(', ')}`);
  if (row.access !== undefined && !accesses.includes(row.access))
    fault(`the access ${JSON.stringify(row.access)} is none of ${accesses.join(', ')}`);
  const compile = (text: string): Expression | null => {
    const expression = compileExpression(String(text));
    if (typeof expression === 'string') fault(expression);
    else if (expression.source === 'path' && !names.includes(expression.name)) fault(`${text} is not in the template`);
    else return expression;
    return null;
  };
  const parameters = Object.entries(row.parameters ?? {}).flatMap(([name, text]) => {
    const expression = compile(text);
    return expression === null ? [] : [[name, expression] as const];
  });
  const when = Object.entries(row.when ?? {}).flatMap(([text, value]) => {
    const expression = compile(text);
    const values = Array.isArray(value) ? (value as readonly Value[]) : [value as Value];
    return expression === null ? [] : [{ expression, values }];
  });
  const resource = row.resource === undefined ? null : compileText(row.resource);
  const known = [...names, ...Object.keys(row.parameters ?? {})];
  for (const name of resource?.names ?? [])
    if (!known.includes(name)) fault(`{${name}} in the resource is neither in the template nor a parameter`);
  if (row.lookup) checkLookup(row.lookup, known, fault);
  const facts = lookedUp(row.lookup);
  for (const name of paid(row.cost))
    if (!known.includes(String(name)) && !facts.includes(String(name)))
      fault(`${JSON.stringify(name) ?? 'nothing'} in the cost is not a parameter`);
  if (row.resource !== undefined && !/^[a-z][a-z0-9_]*(:\S+)?$/.test(row.resource))
    fault(`the resource ${JSON.stringify(row.resource)} is not type or type:id`);
  return {
    action: row.action,
    aliases: row.aliases,
    hints: row.hints,
    access: row.access,
    resource,
    parameters,
    when: row.when ? when : null,
    lookup: row.lookup ?? null,
    facts,
    cost: row.cost,
  };
}

/** What a cost names, or is instead of naming parameters: an operator's own connector may say anything. */
const paid = (cost: RouteRow['cost'] | null): readonly unknown[] => {
  if (cost === undefined || cost === 'nothing' || typeof cost === 'function') return [];
  return typeof cost === 'object' && cost !== null ? [cost.amount, cost.currency].flat() : [cost];
};

/** Whether a row counts: true, false, or undefined if that can't be known. */
function counts(conditions: readonly Condition[], view: View, path: PathParameters): boolean | undefined {
  let result = true;
  for (const { expression, values } of conditions) {
    const value = expression.read(view, path);
    if (value === unclear) return undefined;
    if (value === undefined || !(values.includes('*') || values.includes(value))) result = false;
  }
  return result;
}

/** Fills in a row's parameters and resource. */
function readRow(row: Row, view: View, path: PathParameters): Meaning | Undetermined {
  const parameters: { [name: string]: Value } = {};
  const unknown: string[] = [...row.facts];
  for (const [name, expression] of row.parameters) {
    const value = expression.read(view, path);
    if (value === unclear) unknown.push(name);
    else if (value !== undefined) parameters[name] = value;
  }
  const undetermined: string[] = [];
  const absent: string[] = [];
  const resource = row.resource?.fill(name => {
    const value = path[name] ?? parameters[name] ?? '';
    if (value === '') absent.push(name);
    if (unknown.includes(name) || typeof value === 'object' || !isResourceText(String(value))) undetermined.push(name);
    return String(value);
  });
  // A resource that can't be told could be the one that a permission denies.
  if (undetermined.length > 0) return { undetermined };
  // Where the API does without it, it takes all of them, or one that only it knows.
  if (absent.length > 0) unknown.push('resource');
  const lookup = row.lookup && filledIn(row.lookup, path, parameters);
  const meaning: { -readonly [name in keyof Meaning]: Meaning[name] } = { action: row.action, parameters, unknown };
  if (row.aliases) meaning.aliases = row.aliases;
  if (row.hints) meaning.hints = row.hints;
  if (row.access) meaning.access = row.access;
  if (resource !== undefined) meaning.resource = resource;
  if (lookup) meaning.lookup = lookup;
  if (row.cost) meaning.cost = typeof row.cost === 'function' ? row.cost(view) : row.cost;
  return meaning;
}

const isResourceText = (text: string): boolean => text.length <= 1024 && !/[\u0000-\u001f\u007f-\u009f]/.test(text);

/** Compiles a route; `fault` is told every fault. */
export function compileRoute(template: Template, route: Route, fault: (sentence: string) => void): CompiledRoute {
  if (typeof route === 'function') return readerOfPairs(route);
  const list: readonly RouteRow[] = Array.isArray(route) ? route : [route as RouteRow];
  if (list.length === 0) fault('there is no row');
  const rows = list.map(row => compileRow(row, template.names, fault));
  if (rows.slice(0, -1).some(row => row.when === null)) fault('a row without `when` hides those after it');
  return readerOf(rows);
}

/** A function sees pairs: none would mean to it that there is no query. */
export const readerOfPairs =
  (reader: Reader): CompiledRoute =>
  (view, path, data) =>
    view.pairs === undefined ? { undetermined: ['query'] } : reader(view, path, data);

/** The reader of a route's rows: the first one that counts. */
function readerOf(rows: readonly Row[]): CompiledRoute {
  const conditions = rows.flatMap(row => row.when ?? []);
  return (view, path) => {
    // `"state":"Closed"` may mean closed to the API: a value that no row knows is not "none of them".
    for (const { expression } of conditions) {
      const value = expression.read(view, path);
      const known = conditions.filter(other => other.expression.place === expression.place);
      if (value === unclear) return { undetermined: [expression.source === 'body' ? 'body' : expression.name] };
      if (value !== undefined && !known.some(other => other.values.includes('*') || other.values.includes(value))) {
        return { undetermined: [expression.name] };
      }
    }
    const row = rows.find(({ when }) => when === null || counts(when, view, path));
    return row === undefined ? null : readRow(row, view, path);
  };
}
