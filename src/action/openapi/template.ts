/** Paths of a description as templates of a connector's table. Pure. */
import { parameterName, singular, snake } from './names.js';

/** A path as a template, and which parameter of the description each of its parameters is. */
export interface PathTemplate {
  readonly text: string;
  /** Name here → name in the description; null for one that stands for several in one segment. */
  readonly names: ReadonlyMap<string, string | null>;
}

/** The template of a path, or the sentence that says why there is none. `several` are parameters of several segments. */
export function templateOf(path: string, several: (name: string) => boolean): PathTemplate | string {
  const names = new Map<string, string | null>();
  if (/[?#]/.test(path))
    return 'has more than a path in its path: nothing tells its requests from others by path alone';
  if (!path.startsWith('/')) return 'has a path that does not begin with `/`';
  const segments: string[] = [];
  for (const segment of path.slice(1).split('/')) {
    const found = [...segment.matchAll(/\{([^{}]*)\}/g)];
    if (/[{}]/.test(segment.replace(/\{[^{}]*\}/g, '')) || /[%;\s\\]/.test(segment))
      return `has a segment ${segment} that can't be read`;
    if (found.length === 0) {
      segments.push(segment);
      continue;
    }
    const original = found.length === 1 ? found[0]![1]! : null;
    const plain = parameterName(found.map(([, name]) => name).join('_')) || 'value';
    const name = names.has(plain) ? `${plain}_${names.size + 1}` : plain;
    names.set(name, original);
    const alone = found.length === 1 && found[0]![0] === segment;
    const plus = alone && several(original!) ? '+' : '';
    // Two parameters in one segment have no border that we could see.
    segments.push(found.length > 1 ? `{${name}}` : segment.replace(/\{[^{}]*\}/, `{${name}${plus}}`));
  }
  if (segments.filter(segment => segment.endsWith('+}')).length > 1)
    return 'has two parameters of several segments in its path: nothing says where the first ends';
  if (segments.some((segment, i) => segment === '' && i < segments.length - 1))
    return 'has an empty segment in its path';
  return { text: `/${segments.join('/')}`, names };
}

/** The last thing that a template names: `post:{post}`, `repo:{owner}/{repo}`; the collection if it names none. */
export function lastNamed(template: string): string | undefined {
  const segments = template.slice(1).split('/');
  const isParameter = (i: number): boolean => /^\{[a-z0-9_]+\+?\}$/.test(segments[i] ?? '');
  let end = segments.length - 1;
  while (end >= 0 && !isParameter(end)) end -= 1;
  let start = end;
  while (start > 0 && isParameter(start - 1)) start -= 1;
  const literal =
    (end < 0 ? segments.findLast(segment => segment !== '' && !segment.includes('{')) : segments[start - 1]) ?? '';
  const type = singular(snake(literal));
  if (!/^[a-z]/.test(type)) return undefined;
  return end < 0
    ? type
    : `${type}:${segments
        .slice(start, end + 1)
        .join('/')
        .replaceAll('+}', '}')}`;
}
