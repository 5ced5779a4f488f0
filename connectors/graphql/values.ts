/** GraphQL: what the arguments of a field are, through variables and their defaults (October 2021 specification, §6.4.1). */
import type { Value } from '../../src/model.js';
import type { Literal, TypeName, Variable } from './syntax.js';

/** Stands for a value that is there and can't be told. */
export const unclear: unique symbol = Symbol('unclear');

/** The member of an enumeration, which isn't free text. */
export interface Enum {
  readonly enum: string;
}

/** A value, as far as it can be told. Objects are maps: no name in them has a meaning of its own. */
export type Resolved =
  | string
  | number
  | boolean
  | null
  | typeof unclear
  | Enum
  | readonly Resolved[]
  | ReadonlyMap<string, Resolved>;

/** The variables of an operation: what was declared, and what was sent for them; null: that can't be told. */
export interface Scope {
  readonly declared: ReadonlyMap<string, Variable>;
  readonly given: { readonly [name: string]: Value } | null;
  /** What was looked up: a variable that a thousand arguments name is one value. */
  readonly found: Map<string, Resolved>;
}

export const isMap = (value: Resolved | undefined): value is ReadonlyMap<string, Resolved> => value instanceof Map;

export const isEnum = (value: Resolved | undefined): value is Enum =>
  typeof value === 'object' && value !== null && 'enum' in value;

/** The value of a literal. */
export function resolve(literal: Literal, scope: Scope): Resolved {
  switch (literal.kind) {
    case 'word':
      return literal.value;
    case 'enum':
      return { enum: literal.text };
    case 'number':
      return exact(literal.text);
    case 'string':
      return unquoted(literal.text);
    case 'list':
      return literal.items.map(item => resolve(item, scope));
    case 'object':
      return resolveAll(literal.members, scope);
    case 'variable':
      return variable(literal.text, scope);
  }
}

/** The values of several literals, by name. */
export const resolveAll = (literals: ReadonlyMap<string, Literal>, scope: Scope): ReadonlyMap<string, Resolved> =>
  new Map([...literals].map(([name, literal]) => [name, resolve(literal, scope)]));

function variable(name: string, scope: Scope): Resolved {
  const known = scope.found.get(name);
  if (known !== undefined) return known;
  const value = lookedUp(name, scope);
  scope.found.set(name, value);
  return value;
}

function lookedUp(name: string, { declared, given }: Scope): Resolved {
  const variable = declared.get(name);
  if (variable === undefined || given === null) return unclear;
  if (Object.hasOwn(given, name)) return shaped(given[name]!, variable.type);
  // A default can't name a variable: that it is looked up with none keeps it from naming itself.
  const none: Scope = { declared: new Map(), given: null, found: new Map() };
  return variable.standard === null ? unclear : resolve(variable.standard, none);
}

/** A JSON value as the type that was declared for it; unclear if it is of another shape. */
function shaped(value: Value, { name, lists, required }: TypeName): Resolved {
  if (value === null) return required ? unclear : null;
  if (lists > 0) {
    const inner = { name, lists: lists - 1, required: false };
    return Array.isArray(value) ? (value as readonly Value[]).map(item => shaped(item, inner)) : unclear;
  }
  if (name === 'Int') return Number.isSafeInteger(value) ? (value as number) : unclear;
  if (name === 'Float') return typeof value === 'number' ? value : unclear;
  if (name === 'Boolean') return typeof value === 'boolean' ? value : unclear;
  if (name === 'String') return typeof value === 'string' ? value : unclear;
  if (name === 'ID') return typeof value === 'string' || Number.isSafeInteger(value) ? (value as string) : unclear;
  return plain(value);
}

/** A JSON value of a type that only the schema knows. */
function plain(value: Value): Resolved {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map(plain);
  return new Map(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

/** The number that a numeral stands for, if the nearest double prints as it. */
function exact(text: string): Resolved {
  const value = Number(text);
  if (/[.eE]/.test(text)) return String(value) === text ? value : unclear;
  return Number.isSafeInteger(value) ? value || 0 : unclear;
}

/** The text of a quoted string, whose escapes are JSON's. A block string loses its indentation by rules of its own. */
function unquoted(text: string): Resolved {
  if (text.startsWith('"""')) return unclear;
  try {
    const value = JSON.parse(text) as string;
    return /\0|\p{Surrogate}/u.test(value) ? unclear : value;
  } catch {
    return unclear;
  }
}
