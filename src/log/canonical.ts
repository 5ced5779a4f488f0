/**
 * The log's spelling of JSON: RFC 8785 (JCS), one text for one value. Our own writer, because an entry is written three
 * times per request; a property in test/log holds it equal to the `canonicalize` package.
 */

/** Deeper values than this are refused, so that a hostile parameter can't exhaust the stack. */
const depthLimit = 64;

/** What a string must not contain to be quoted as it is: controls, `"`, `\` and surrogates. */
const special = /[\u0000-\u001f"\\\ud800-\udfff]/;
const loneSurrogate = /\p{Surrogate}/gu;

const quote = (text: string): string =>
  special.test(text) ? JSON.stringify(text.replace(loneSurrogate, '\ufffd')) : `"${text}"`;

function quoteName(name: string): string {
  if (!special.test(name)) return `"${name}"`;
  // Replacing would change the order of names, and could make two of them one.
  if (name.search(loneSurrogate) >= 0) throw new TypeError('The log can not hold a member name that is not Unicode.');
  return JSON.stringify(name);
}

/**
 * The canonical JSON of `value`. Members that are undefined are left out. A lone surrogate, which UTF-8 can't hold, is
 * replaced by U+FFFD in a string and refused in a name. Throws `TypeError` for that and for what JSON can't say: bigint,
 * NaN, infinities, functions, class instances, undefined in an array, more than 64 levels.
 */
export function canonical(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`The log can't hold the number ${value}.`);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= depthLimit) throw new TypeError(`The log holds values up to ${depthLimit} levels deep.`);
      return Array.isArray(value) ? array(value, depth + 1) : object(value as Record<string, unknown>, depth + 1);
    default:
      throw new TypeError(`The log can't hold a ${typeof value}.`);
  }
}

function array(values: readonly unknown[], depth: number): string {
  let text = '[';
  for (let i = 0; i < values.length; i++) text += (i === 0 ? '' : ',') + canonical(values[i], depth);
  return `${text}]`;
}

function object(value: Record<string, unknown>, depth: number): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`The log can't hold a ${prototype.constructor?.name ?? 'class instance'}.`);
  }
  let text = '{';
  for (const name of sortedNames(value)) {
    const member = value[name];
    if (member === undefined) continue;
    text += `${text.length === 1 ? '' : ','}${quoteName(name)}:${canonical(member, depth)}`;
  }
  return `${text}}`;
}

/** Own names in order of their UTF-16 code units (RFC 8785 §3.2.3). */
function sortedNames(value: object): string[] {
  const names = Object.keys(value);
  if (names.length > 16) return names.sort();
  // An insertion sort: for a handful of names it costs a quarter of Array.sort.
  for (let i = 1; i < names.length; i++) {
    const name = names[i]!;
    let at = i;
    for (; at > 0 && names[at - 1]! > name; at--) names[at] = names[at - 1]!;
    names[at] = name;
  }
  return names;
}
