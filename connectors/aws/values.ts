/** What identifies the resource of an operation, read from its place on the wire; strictly, or not at all. */
import type { RequestView, Value } from '../../src/model.js';

/** Pairs of a form or a query. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** Texts there; undefined if nothing is; null if it can't be told what is. */
export type Found = readonly string[] | undefined | null;

const isText = (value: string): boolean => value.length <= 1024 && !/[\u0000-\u001f\u007f-\u009f]/.test(value);

/** A pair that is there once; another spelling of its name might be taken for it, too. */
export function pairOf(pairs: Pairs, name: string): Found {
  const same = pairs.filter(([other]) => other.length === name.length && other.toLowerCase() === name.toLowerCase());
  const [first] = same;
  if (first === undefined) return undefined;
  return same.length === 1 && first[0] === name && isText(first[1]) ? [first[1]] : null;
}

/** `InstanceId.*`: `InstanceId.1`, `InstanceId.2` and so on, each once. */
function pairsOf(pairs: Pairs, name: string): Found {
  const before = name.slice(0, -1).toLowerCase();
  const bare = before.slice(0, -1).replace(/\.member$/, '');
  const same = pairs.filter(([other]) => {
    const folded = other.toLowerCase();
    return folded === bare || folded.startsWith(`${bare}.`);
  });
  if (same.length === 0) return undefined;
  const right = same.every(([other, value]) => /^[1-9][0-9]*$/.test(other.slice(before.length)) && isText(value));
  const spelled = same.every(([other]) => other.startsWith(name.slice(0, -1)));
  return right && spelled && new Set(same.map(([other]) => other)).size === same.length
    ? same.map(([, value]) => value)
    : null;
}

/** A member of a JSON document, text or a list of it. */
export function memberOf(document: Value | undefined, name: string): Found {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return null;
  const list = name.endsWith('[]');
  const key = list ? name.slice(0, -2) : name;
  const same = Object.keys(document).filter(
    other => other.length === key.length && other.toLowerCase() === key.toLowerCase(),
  );
  if (same.length === 0) return undefined;
  const value = (document as { readonly [name: string]: Value })[key];
  if (same.length > 1 || value === undefined) return null;
  if (value === null) return undefined;
  const values: readonly Value[] = list ? (Array.isArray(value) ? value : [null]) : [value];
  return values.every((one): one is string => typeof one === 'string' && isText(one)) ? values : null;
}

/** A header field that is there once. */
export function fieldOf(request: RequestView, name: string): Found {
  const value = request.header(name);
  return value === undefined ? (request.has(name) ? null : undefined) : isText(value) ? [value] : null;
}

/** The list of pairs at a place like `Name.*`, or the pair `Name`. */
export const formOf = (pairs: Pairs, place: string): Found =>
  place.endsWith('.*') ? pairsOf(pairs, place) : pairOf(pairs, place);

/** `Names.member.*`, `?TableName`, `{table_name}`: the name that policy knows it by. */
export function parameterOf(place: string): string {
  const name = place
    .replace(/^[?^{]|\}$/g, '')
    .replace(/(\.member|\.[A-Z]\w*)?\.\*$|\[\]$/, '')
    .replace(/^x-amz-/, '')
    .replace(/ARNs/g, 'Arns')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  // These two are said of every request.
  return name === 'service' || name === 'region' ? `${name}_name` : name;
}
