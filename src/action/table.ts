/**
 * The table of one connector: what was generated from an API's own description, and the hand-written overlay that wins.
 * It is put together at the first request to the API, and a row is compiled when it is first met.
 */
import type { Connector, Generated, Part, Route, RouteRow, Value } from '../model.js';
import { type CompiledRoute, compileRoute } from './route.js';
import { parseTemplate, RouteTree, shapeOf } from './template.js';

/** One route as it counts: the overlay's if there is one, with the generated name as an alias. */
export interface Merged {
  /** `GET /repos/{owner}/{repo}` */
  readonly key: string;
  readonly route: Route;
  /** The name that was generated for what the overlay renames, without the connector's prefix. */
  readonly alias: string | null;
  /** What the generated row says besides, where the overlay's says nothing; its other names, which count anyway. */
  readonly access?: RouteRow['access'];
  readonly hints: RouteRow['hints'];
  readonly others?: RouteRow['aliases'];
  readonly generated: boolean;
}

/** The routes of a connector, overlay first. */
export function mergedRoutes(connector: Connector, generated: Generated | null): readonly Merged[] {
  const rows = Object.entries(generated?.routes ?? {});
  const under = new Map(rows.map(([key, row]) => [shapeOf(key), row]));
  const overlay = Object.entries(connector.routes).map(([key, route]): Merged => {
    const row = under.get(shapeOf(key));
    const { access, hints, aliases: others } = row ?? {};
    return { key, route, alias: row?.action ?? null, access, hints, others, generated: false };
  });
  const covered = new Set(overlay.map(({ key }) => shapeOf(key)));
  const rest = rows.filter(([key]) => !covered.has(shapeOf(key)));
  return [
    ...overlay,
    ...rest.map(([key, route]): Merged => ({ key, route, alias: null, hints: route.hints, generated: true })),
  ];
}

/** The same rows, with what the generated one says besides: its names, its hints, and that it does more than its method says. */
export function completed({ route, alias, access, hints, others = [] }: Merged): Route {
  if (alias === null || typeof route === 'function') return route;
  const harsher = access === 'delete' || access === 'permissions' ? access : undefined;
  const also = (row: RouteRow): RouteRow => {
    const names = new Set([...(row.aliases ?? []), alias, ...others]);
    names.delete(row.action);
    return {
      ...(harsher && { access: harsher }),
      ...(hints && { hints }),
      ...row,
      ...(names.size > 0 && { aliases: [...names] }),
    };
  };
  return Array.isArray(route) ? (route as readonly RouteRow[]).map(also) : also(route as RouteRow);
}

/** A route that is compiled when it is first used; null if it has faults. */
type Lazy = () => CompiledRoute | null;

/** A connector's table, ready to be asked. */
export interface Table {
  readonly tree: RouteTree<Lazy>;
  /** What the connector's functions may read of the generated file besides its routes. */
  readonly data: Value;
  /** Of the APIs behind it, where a connector serves many: by name, each put together when it is first asked. */
  readonly parts: Map<string, Table>;
}

/** Puts the table together. `fault` is told what is wrong with templates; with `whole` also what is wrong with any row. */
export function openTable(
  connector: Connector,
  generated: Generated | null,
  fault: (sentence: string) => void,
  whole: boolean,
): Table {
  const tree = new RouteTree<Lazy>(connector.encoded);
  for (const merged of mergedRoutes(connector, generated)) {
    const { key } = merged;
    const template = parseTemplate(key);
    if (typeof template === 'string') {
      fault(`in \`${key}\` ${template}`);
      continue;
    }
    let compiled: CompiledRoute | null | undefined;
    const compile: Lazy = () => {
      if (compiled !== undefined) return compiled;
      let sound = true;
      const read = compileRoute(template, completed(merged), sentence => {
        sound = false;
        fault(`in \`${key}\` ${sentence}`);
      });
      compiled = sound ? read : null;
      return compiled;
    };
    if (whole) compile();
    if (!tree.add(template, compile)) fault(`\`${key}\` fits the same requests as another route`);
  }
  return { tree, data: generated?.data ?? null, parts: new Map() };
}

/** The table of one of many APIs. A row with a fault describes nothing. */
export function openPart({ name, routes }: Part, connector: Connector, { parts, data }: Table): Table {
  const known = parts.get(name);
  if (known !== undefined) return known;
  const opened = { ...openTable({ ...connector, routes: routes() }, null, () => {}, false), data };
  parts.set(name, opened);
  return opened;
}
