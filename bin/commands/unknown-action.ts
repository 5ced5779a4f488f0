/** A slip in the name of an action is a permission about nothing; in a denial nobody would notice. */
import { matchesPattern } from '../../src/action/pattern.js';
import { home } from '../home.js';

/** Not of a connector: hosts that none serves, and calls of gRPC. */
const generic = new Set(['*', 'http', 'grpc']);

const groupOf = (name: string): string => name.split('.', 2).join('.');

/** How alike two names are: as much as they begin and end alike, and are as long. */
function likeness(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let front = 0;
  while (front < most && a[front] === b[front]) front++;
  let back = 0;
  while (back < most - front && a.at(-1 - back) === b.at(-1 - back)) back++;
  return front + back - Math.abs(a.length - b.length) / 2;
}

/**
 * What a person should know of a pattern that no known action fits, as a sentence; null if one does, or if that can't be
 * told: what functions name is known by examples only.
 */
export async function unknownAction(pattern: string): Promise<string | null> {
  const name = pattern.split('.', 1)[0]!;
  // Of our own: a run that starts another one.
  if (name === 'gateway')
    return matchesPattern(pattern, 'gateway.spawn', '.')
      ? null
      : `No known action is ${pattern}; is it gateway.spawn? See: docs/subagents.md`;
  if (generic.has(name)) return null;
  const { allConnectors } = await import('../proxy/connectors.js');
  const { rowsOf } = await import('./connector-rows.js');
  const all = allConnectors(home());
  const parts = all.filter(connector => connector.name === name);
  if (parts.length === 0)
    return `There is no connector ${JSON.stringify(name)}, so this is about nothing: tf connector list`;
  const rows = await rowsOf(all, [name]);
  if (rows.some(row => [row.action, ...row.aliases].some(known => matchesPattern(pattern, known, '.')))) return null;
  const open = new Set(rows.filter(row => row.byExample).map(({ action }) => groupOf(action)));
  if (open.has(groupOf(pattern)) || parts.some(({ read, shown }) => read !== undefined && shown === undefined))
    return null;
  const [nearest] = rows
    .flatMap(row => [row.action, ...row.aliases])
    .sort((a, b) => likeness(pattern, b) - likeness(pattern, a));
  return `No known action of ${name} is ${pattern}; is it ${nearest}? See: tf connector search ${name} WORDS`;
}
