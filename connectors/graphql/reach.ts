/**
 * GraphQL: how far the selections below a root field go. From whatever a field gives, its own selections may lead on to
 * everything that the token may read, so what is below a field counts as well.
 */
import type { Document, Selection } from './syntax.js';

/** A fragment is looked at in every place where it is spread. */
const maxVisits = 20_000;

/** The names of fields that have selections of their own, each with the name of the field that it is in; null: not certain. */
export function steps(
  selections: readonly Selection[],
  fragments: Document['fragments'],
): readonly (readonly [outer: string, field: string])[] | null {
  const found = new Map<string, readonly [string, string]>();
  const seen = new Set<string>();
  let left = maxVisits;
  /** False if a fragment is missing, or it is too much. */
  const walk = (list: readonly Selection[], outer: string): boolean =>
    list.every(selection => {
      left -= 1;
      if (left < 0) return false;
      if ('inline' in selection) return walk(selection.inline, outer);
      if ('field' in selection) {
        const { field, selections: inner } = selection;
        if (inner.length === 0) return true;
        found.set(`${outer} ${field}`, [outer, field]);
        return walk(inner, field);
      }
      const key = `${outer} ${selection.spread}`;
      if (seen.has(key)) return true;
      seen.add(key);
      const fragment = fragments.get(selection.spread);
      return fragment !== undefined && walk(fragment, outer);
    });
  return walk(selections, '') ? [...found.values()] : null;
}

/** By these the answer to a mutation leads back to all that a query may ask. */
const ways: ReadonlySet<string> = new Set(['query', 'viewer', 'node', 'nodes']);

/** Whether nothing is asked of what a field gives but its own values: `createIssue { issue { id url } }`. */
export const isShallow = (selections: readonly Selection[], fragments: Document['fragments']): boolean =>
  steps(selections, fragments)?.every(([outer, field]) => outer === '' && !ways.has(field)) ?? false;
