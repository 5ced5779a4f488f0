/**
 * Path templates (OpenAPI 3.1 §4.8.8.2, and `{rest+}` for several segments) as a tree per method. Literals beat
 * parameters, `{sid}.json` beats `{sid}`, and that beats `{rest+}`; where a branch ends in nothing, the next one is tried.
 */

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  /** Parameters with something before or behind them in their segment. */
  readonly affixed: { readonly before: string; readonly behind: string; readonly node: Node<T> }[];
  one: Node<T> | null;
  many: Node<T> | null;
  leaf: Leaf<T> | null;
}

interface Leaf<T> {
  readonly names: readonly string[];
  /** Those that are one segment each. */
  readonly single: readonly string[];
  readonly value: T;
}

/** A template's parameters in order, or the sentence that says what is wrong with it. */
export interface Template {
  readonly method: string;
  readonly segments: readonly string[];
  readonly names: readonly string[];
}

const parameter = /^([^{}]*)\{([a-z_][a-z0-9_]*)(\+?)\}([^{}]*)$/;

/** Two templates of one shape fit the same paths, or differ only in how many segments a parameter takes. */
export const shapeOf = (key: string): string => key.replace(/\{[a-z0-9_]+\+?\}/g, '{}');

/** Reads `GET /repos/{owner}/{repo}`; a string says what is wrong with it. */
export function parseTemplate(text: string): Template | string {
  const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(text) ?? [];
  if (method === undefined || path === undefined) return 'a route is a method in capitals, a space and a path';
  if (method === 'HEAD') return 'HEAD is served by the route for GET';
  const segments = path.slice(1).split('/');
  const names: string[] = [];
  for (const [i, segment] of segments.entries()) {
    const [, before, name, plus, behind] = parameter.exec(segment) ?? [];
    if (name !== undefined) names.push(name);
    if (name === undefined ? /[{}]/.test(segment) : plus === '+' && `${before}${behind}` !== '')
      return `the segment ${segment} is not one parameter like {name}, {name}.json or {name+}`;
    if (segment === '' && i < segments.length - 1) return 'the path has an empty segment';
    if (/[?#%]/.test(segment)) return `the segment ${segment} must be written as it is when decoded, without query`;
  }
  if (segments.filter(segment => segment.endsWith('+}')).length > 1)
    return 'two parameters take several segments, and nothing says where the first ends';
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice === undefined ? { method, segments, names } : `the parameter {${twice}} is there twice`;
}

const emptyNode = <T>(): Node<T> => ({ literals: new Map(), affixed: [], one: null, many: null, leaf: null });

// What would mean another path to somebody who decodes once more, cuts at `;` or white space, or takes `\` for `/`.
const unsafe = /[\u0000-\u001f\u007f-\u009f\\;]|%[0-9a-fA-F]{2}|^\s|\s$/;
const unsafeMany = /[\u0000-\u001f\u007f-\u009f\\]|%[0-9a-fA-F]{2}|^\s|\s$/;

const safeOne = (value: string): boolean =>
  value !== '' && value !== '.' && value !== '..' && !value.includes('/') && !unsafe.test(value);

const safeMany = (value: string): boolean =>
  !unsafeMany.test(value) && value.split('/').every(part => part !== '' && part !== '.' && part !== '..');

/** As {@link safeOne}, where `%2F` is a part of the value. */
const safeEncoded = (value: string): boolean => value.split('/').every(safeOne);

/** What a path was matched to. */
export interface Match<T> {
  readonly value: T;
  readonly path: { readonly [name: string]: string };
}

/** The compiled templates of one connector. */
export class RouteTree<T> {
  readonly #methods = new Map<string, Node<T>>();
  readonly #encoded: ReadonlySet<string>;

  /** `encoded` are parameters in which the API takes `%2F` for a part of the value, and never for a separator. */
  constructor(encoded: readonly string[] = []) {
    this.#encoded = new Set(encoded);
  }

  /** Adds a route; false if there is one that fits exactly the same requests. */
  add(template: Template, value: T): boolean {
    let node: Node<T> = this.#methods.get(template.method) ?? emptyNode();
    this.#methods.set(template.method, node);
    for (const segment of template.segments) {
      const [, before = '', , plus, behind = ''] = parameter.exec(segment) ?? [];
      if (plus !== undefined && `${before}${behind}` !== '') node = affixedNode(node, before, behind);
      else if (plus === '') node = node.one ??= emptyNode();
      else if (plus === '+') node = node.many ??= emptyNode();
      else {
        const next: Node<T> = node.literals.get(segment) ?? emptyNode();
        node.literals.set(segment, next);
        node = next;
      }
    }
    if (node.leaf !== null) return false;
    const single = template.names.filter(name => !template.segments.includes(`{${name}+}`));
    node.leaf = { names: template.names, single, value };
    return true;
  }

  /** The route for a canonical path, with its parameters decoded; null if none describes it, or two readings of it differ. */
  match(method: string, path: string): Match<T> | null {
    const root = this.#methods.get(method === 'HEAD' ? 'GET' : method);
    if (root === undefined) return null;
    if (!/%2f/i.test(path)) return matchSegments(root, path, safeOne);
    if (this.#encoded.size > 0) return matchSegments(root, path, safeEncoded, name => this.#encoded.has(name));
    const found = matchSegments(root, path, safeOne);
    if (found === null) return null;
    // `refs/heads%2Fmain` is one segment to us; to an API that decodes first it is another route.
    const decoded = matchSegments(root, path.replace(/%2f/gi, '/'), safeOne);
    const same =
      decoded?.value === found.value && Object.keys(found.path).every(name => decoded.path[name] === found.path[name]);
    return same ? found : null;
  }
}

function affixedNode<T>({ affixed }: Node<T>, before: string, behind: string): Node<T> {
  const known = affixed.find(other => other.before === before && other.behind === behind);
  if (known !== undefined) return known.node;
  const node = emptyNode<T>();
  affixed.push({ before, behind, node });
  // What leaves less to the parameter says more.
  affixed.sort((a, b) => b.before.length + b.behind.length - a.before.length - a.behind.length);
  return node;
}

type Safe = (value: string) => boolean;

/** A path of more is nobody's, and to look where `{rest+}` ends takes time for each. */
const mostSegments = 1000;

/** `mayHold` says which parameters of one segment may hold a slash. */
function matchSegments<T>(root: Node<T>, path: string, safe: Safe, mayHold?: Safe): Match<T> | null {
  const segments = path.slice(1).split('/', mostSegments + 1);
  if (segments.length > mostSegments) return null;
  if (path.includes('%')) {
    for (let i = 0; i < segments.length; i++) {
      const decoded = decodeSegment(segments[i]!);
      if (decoded === null) return null;
      segments[i] = decoded;
    }
  }
  const values: string[] = [];
  const leaf = walk(root, segments, 0, values, safe);
  if (leaf === null) return null;
  const parameters = Object.create(null) as { [name: string]: string };
  for (let i = 0; i < leaf.names.length; i++) parameters[leaf.names[i]!] = values[i]!;
  if (mayHold && leaf.single.some(name => parameters[name]!.includes('/') && !mayHold(name))) return null;
  return { value: leaf.value, path: parameters };
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

/** Finds the leaf for the segments from `at` on; leaves the parameters' values behind, in order. */
function walk<T>(node: Node<T>, segments: readonly string[], at: number, values: string[], safe: Safe): Leaf<T> | null {
  if (at === segments.length) return node.leaf;
  const segment = segments[at]!;
  const literal = node.literals.get(segment);
  const found = literal === undefined ? null : walk(literal, segments, at + 1, values, safe);
  if (found !== null) return found;
  const depth = values.length;
  for (const { before, behind, node: next } of node.affixed) {
    if (!segment.startsWith(before) || !segment.endsWith(behind)) continue;
    const value = segment.slice(before.length, segment.length - behind.length);
    if (segment.length <= before.length + behind.length || !safe(value)) continue;
    values.push(value);
    const leaf = walk(next, segments, at + 1, values, safe);
    if (leaf !== null) return leaf;
    values.length = depth;
  }
  if (node.one !== null && safe(segment)) {
    values.push(segment);
    const leaf = walk(node.one, segments, at + 1, values, safe);
    if (leaf !== null) return leaf;
    values.length = depth;
  }
  return node.many === null ? null : walkMany(node.many, segments, at, values, safe);
}

/** `{rest+}`: as few segments as let something follow it; if nothing does, all of them. */
function walkMany<T>(
  node: Node<T>,
  segments: readonly string[],
  at: number,
  values: string[],
  safe: Safe,
): Leaf<T> | null {
  const depth = values.length;
  const followed = node.literals.size > 0 || node.affixed.length > 0 || node.one !== null || node.many !== null;
  for (let end = followed ? at + 1 : segments.length; end <= segments.length; end++) {
    const value = segments.slice(at, end).join('/');
    // A slash of a segment's own would look like one between two.
    if (!safeMany(value) || (safe === safeEncoded && segments.slice(at, end).some(part => part.includes('/'))))
      return null;
    values.push(value);
    const leaf = walk(node, segments, end, values, safe);
    if (leaf !== null) return leaf;
    values.length = depth;
  }
  return null;
}
