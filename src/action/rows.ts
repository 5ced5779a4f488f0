/** Rows as people look for them: every action of a connector, the generated ones included. Pure. */
import type { Access, Connector, Generated, Hint, RouteRow } from '../model.js';
import type { Catalog } from './catalog.js';
import type { Example } from './examples.js';
import { accessOf } from './generic.js';
import { lookedUp } from './lookup.js';
import { completed, type Merged, mergedRoutes } from './table.js';

/** One row of a connector, with the connector's name in front of its actions. */
export interface ShownRow {
  /** `PUT /repos/{owner}/{repo}/pulls/{number}/merge`; empty for what has no route of its own. */
  readonly route: string;
  readonly action: string;
  readonly aliases: readonly string[];
  /** Null: told by the request. */
  readonly access: Access | null;
  readonly hints: readonly Hint[];
  /** `type` or `type:id`; null: told by the request. */
  readonly resource: string | null;
  readonly parameters: readonly string[];
  /** Parameters that no request says: they are looked up. */
  readonly lookedUp?: readonly string[];
  readonly when?: RouteRow['when'];
  /** Known from an example only: there are others like it. */
  readonly byExample?: true;
}

/** Every row of one connector (or part of one); a function is a row whose action is only known request by request. */
export function shownRows(connector: Connector, generated: Generated | null): readonly ShownRow[] {
  const parts = connector.shown?.(generated?.data ?? null) ?? [];
  const ofParts = parts.map(
    ([key, route]): Merged => ({ key, route, alias: null, hints: route.hints, generated: true }),
  );
  return [...mergedRoutes(connector, generated), ...ofParts].flatMap(merged => rowsOf(connector, merged));
}

/**
 * Rows for what functions say, which only requests can show: of the examples, one for each action that no other row has.
 * Their route is that of the example.
 */
export function exampleRows(
  catalog: Catalog,
  examples: readonly Example[],
  known: readonly ShownRow[],
): readonly ShownRow[] {
  const names = new Set(known.map(({ action }) => action));
  return examples.flatMap(({ request }) => {
    const first = catalog.classify(request);
    return [first, ...(first.also ?? [])].flatMap(({ action, resource, typed }) => {
      if (!typed || names.has(action.name)) return [];
      names.add(action.name);
      return [
        {
          route: `${request.method} ${request.path}`,
          action: action.name,
          aliases: action.aliases ?? [],
          access: action.access,
          hints: (action.hints ?? []) as readonly Hint[],
          resource: resource.id === '' ? resource.type : `${resource.type}:…`,
          parameters: [...Object.keys(action.parameters), ...action.unknown],
          byExample: true as const,
        },
      ];
    });
  });
}

function rowsOf(connector: Connector, merged: Merged): readonly ShownRow[] {
  const { key, alias } = merged;
  const route = completed(merged);
  const prefixed = (name: string): string => `${connector.name}.${name}`;
  if (typeof route === 'function') {
    const none = { access: null, hints: [], resource: null, parameters: [] };
    const aliases = alias === null ? [] : [prefixed(alias)];
    return [{ route: key, action: prefixed('…'), aliases, ...none }];
  }
  const rows: readonly RouteRow[] = Array.isArray(route) ? route : [route as RouteRow];
  return rows.map(row => ({
    route: key,
    action: prefixed(row.action),
    aliases: (row.aliases ?? []).map(prefixed),
    access: row.access ?? accessOf(key.split(' ', 1)[0]!),
    hints: row.hints ?? [],
    resource: row.resource ?? `host:${connector.hosts[0] ?? '…'}`,
    parameters: Object.keys(row.parameters ?? {}),
    ...(row.lookup && { lookedUp: lookedUp(row.lookup) }),
    ...(row.when && { when: row.when }),
  }));
}
