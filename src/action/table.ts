/**
 * The table of one connector: what was generated from an API's own description, and the hand-written overlay that wins.
 * It is put together at the first request to the API, and a row is compiled when it is first met.
 */
import type { Connector, Generated, Route, RouteRow, Value } from '../model.js';
import { type CompiledRoute, compileRoute } from './route.js';
import { parseTemplate, RouteTree } from './template.js';

/** One route as it counts: the overlay's if there is one, with the generated name as an alias. */
export interface Merged {
  /** `GET /repos/{owner}/{repo}` */
  readonly key: string;
  readonly route: Route;
  /** The name that was generated for what the overlay renames, without the connector's prefix. */
  readonly alias: string | null;
  readonly generated: boolean;
}

/** Two templates of one shape fit the same paths, or differ only in how many segments a parameter takes. */
const shapeOf = (key: string): string => key.replace(/\{[a-z0-9_]+\+?\}/g, '{}');

/** The routes of a connector, overlay first. */
export function mergedRoutes(connector: Connector, generated: Generated | null): readonly Merged[] {
  const rows = Object.entries(generated?.routes ?? {});
  const names = new Map(rows.map(([key, { action }]) => [shapeOf(key), action]));
  const overlay = Object.entries(connector.routes).map(
    ([key, route]): Merged => ({ key, route, alias: names.get(shapeOf(key)) ?? null, generated: false }),
  );
  const covered = new Set(overlay.map(({ key }) => shapeOf(key)));
  const rest = rows.filter(([key]) => !covered.has(shapeOf(key)));
  return [...overlay, ...rest.map(([key, route]): Merged => ({ key, route, alias: null, generated: true }))];
}

/** The same rows, known by another name besides their own. */
function aliased(route: Route, alias: string | null): Route {
  if (alias === null || typeof route === 'function') return route;
  const also = (row: RouteRow): RouteRow =>
    row.action === alias ? row : { ...row, aliases: [...(row.aliases ?? []), alias] };
  return Array.isArray(route) ? (route as readonly RouteRow[]).map(also) : also(route as RouteRow);
}

/** A route that is compiled when it is first used; null if it has faults. */
type Lazy = () => CompiledRoute | null;

/** A connector's table, ready to be asked. */
export interface Table {
  readonly tree: RouteTree<Lazy>;
  /** What the connector's functions may read of the generated file besides its routes. */
  readonly data: Value;
}

/** Puts the table together. `fault` is told what is wrong with templates; with `whole` also what is wrong with any row. */
export function openTable(
  connector: Connector,
  generated: Generated | null,
  fault: (sentence: string) => void,
  whole: boolean,
): Table {
  const tree = new RouteTree<Lazy>();
  for (const { key, route, alias } of mergedRoutes(connector, generated)) {
    const template = parseTemplate(key);
    if (typeof template === 'string') {
      fault(`in \`${key}\` ${template}`);
      continue;
    }
    let compiled: CompiledRoute | null | undefined;
    const compile: Lazy = () => {
      if (compiled !== undefined) return compiled;
      let sound = true;
      const read = compileRoute(template, aliased(route, alias), sentence => {
        sound = false;
        fault(`in \`${key}\` ${sentence}`);
      });
      compiled = sound ? read : null;
      return compiled;
    };
    if (whole) compile();
    if (!tree.add(template, compile)) fault(`\`${key}\` fits the same requests as another route`);
  }
  return { tree, data: generated?.data ?? null };
}
