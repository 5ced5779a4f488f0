// What a permission is about in an API whose paths begin with the thing that holds all others.
import { singular, snake } from '../compiled.mjs';

const typeOf = segment => (/ics$/.test(segment) ? snake(segment) : singular(snake(segment)));

/**
 * A reader of an API's templates: the first thing that one names, `file:{file_id}`; where it names none, the collection,
 * `file`. `paths` are all of the API, `prefixes` segments that hold everything and say nothing, `types` other names of types.
 */
export function scopeOf(paths, prefixes = [], types = {}) {
  const segmentsOf = path =>
    path
      .split('/')
      .filter(segment => segment !== '' && !/^v\d+$|^\d{4}-\d\d-\d\d$/.test(segment) && !prefixes.includes(segment));
  const firstNamed = segments => segments.findIndex(segment => segment.includes('{'));
  const collections = new Set(
    paths.map(segmentsOf).flatMap(segments => segments[firstNamed(segments) - 1]?.replace(/\..*$/, '') ?? []),
  );
  return template => {
    const segments = segmentsOf(template).map(segment =>
      segment.includes('{') ? segment : segment.replace(/[.:].*$/, ''),
    );
    const at = firstNamed(segments);
    const literal =
      at < 0 ? (segments.findLast(segment => collections.has(segment)) ?? segments[0]) : segments[Math.max(0, at - 1)];
    const type = typeOf(literal ?? '');
    if (!/^[a-z]/.test(type)) return undefined;
    return at < 1 ? (types[type] ?? type) : `${types[type] ?? type}:${/\{[a-z0-9_]+/.exec(segments[at])[0]}}`;
  };
}
