/**
 * Forms (WHATWG URL §5, `application/x-www-form-urlencoded`) and query strings, read strictly, and the brackets by
 * which Rack and PHP nest them: `a[b]=c`, `a[]=x`. Everything read here is attacker-controlled.
 */
import { emptyObject, isObject, type Json, type JsonObject, maxDepth, maxMembers, unclear } from './json.js';

/** Names and values in order. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** Percent-decodes strictly; undefined if an escape is broken, the result isn't UTF-8, or has NUL in it. */
function percentDecode(text: string): string | undefined {
  if (!text.includes('%')) return text.includes('\0') ? undefined : text;
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/**
 * Splits a form or a query string (without `?`). Undefined if it could be read in two ways: a raw `;` (a separator for
 * some), a broken escape, not UTF-8, NUL, more than 10,000 pairs.
 */
export function readPairs(text: string): Pairs | undefined {
  if (text === '') return [];
  if (text.includes(';')) return undefined;
  const pairs: [string, string][] = [];
  const parts = text.split('&', maxMembers + 1);
  if (parts.length > maxMembers) return undefined;
  for (const part of parts) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = percentDecode((equals < 0 ? part : part.slice(0, equals)).replaceAll('+', ' '));
    const value = percentDecode(equals < 0 ? '' : part.slice(equals + 1).replaceAll('+', ' '));
    if (name === undefined || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}

// Rack leaves out brackets and spaces in front of a name; PHP spaces, and it has `_` for dots and spaces.
const folded = (name: string): string => (/^[\s[\]]*([^[\]]*)/.exec(name)?.[1] ?? '').replace(/[\s.]/g, '_');

const bracketed = /^([^[\]]+)((?:\[[^[\]]*\])*)$/;

/**
 * Nests pairs by the brackets in their names. A place that is given twice, in two shapes or with broken brackets is
 * {@link unclear}, and so is the name that other readers make of an odd one (`[a]`, ` a`, `a.b`). Indices stay names: `items[0][price]` is at `/items/0/price`.
 * The names in `files` are unclear too.
 */
export function nest(pairs: Pairs, files: readonly string[] = []): JsonObject {
  const root = emptyObject();
  for (const [name, value] of pairs) {
    const top = name.split(/[[\]]/, 1)[0]!;
    const brackets = bracketed.exec(name)?.[2];
    const path = brackets ? [top, ...brackets.slice(1, -1).split('][')] : [top];
    if (brackets === undefined || path.length > maxDepth || !place(root, path, value)) root[top] = unclear;
    // What is another name to some readers makes that one unclear too.
    const other = folded(name);
    if (other !== top) root[other] = unclear;
  }
  for (const name of files) {
    root[name.split(/[[\]]/, 1)[0]!] = unclear;
    root[folded(name)] = unclear;
  }
  return root;
}

/** Puts a value at its place; false if something else is there already. */
function place(root: JsonObject, path: readonly string[], value: string): boolean {
  let node: Json = root;
  for (const [i, name] of path.entries()) {
    const last = i === path.length - 1;
    if (Array.isArray(node)) {
      // `a[][b]=…` starts a new element or continues the last one, as the reader pleases.
      if (name !== '' || !last) return false;
      node.push(value);
      return true;
    }
    if (!isObject(node) || name === '') return false;
    if (last) {
      if (name in node) return false;
      node[name] = value;
      return true;
    }
    node[name] ??= path[i + 1] === '' ? [] : emptyObject();
    node = node[name];
  }
  return false;
}
