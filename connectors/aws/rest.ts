/** Services with methods and paths (rest-json, rest-xml): their routes, for the catalogue to match. */
import type { Meaning, Reader, RequestView } from '../../src/model.js';
import { placeOf } from './host.js';
import { isEmpty, meaningsOf } from './meaning.js';
import type { Operation } from './model.js';
import { passedBy } from './passed.js';
import { asksInQuery, namedOf, readRoot, saysAction } from './requests.js';
import { fieldOf, memberOf, pairOf } from './values.js';

/** The operation whose pairs the query has; null if it has one of those names with a value that none has. */
function chosen(list: readonly Operation[], { method, query }: RequestView): Operation | null {
  const own = list.filter(({ route }) => route.startsWith(`${method} `));
  const operations = own.length > 0 || method !== 'HEAD' ? own : list;
  const names = new Set(operations.flatMap(({ literals }) => literals.map(([name]) => name)));
  const given = new Map<string, string>();
  for (const name of names) {
    const found = pairOf(query, name);
    if (found === null) return null;
    if (found !== undefined) given.set(name, found[0]!);
  }
  const fitting = operations.filter(
    ({ literals }) => literals.length === given.size && literals.every(([name, value]) => given.get(name) === value),
  );
  return fitting.length === 1 ? fitting[0]! : null;
}

function readRest(
  request: RequestView,
  operation: Operation,
  path: { readonly [name: string]: string },
): readonly Meaning[] {
  const document = isEmpty(request) ? {} : request.json;
  const place = placeOf(request.host)!;
  const meanings = meaningsOf(place, operation, path, at =>
    at.startsWith('?')
      ? pairOf(request.query, at.slice(1))
      : at.startsWith('^')
        ? fieldOf(request, at.slice(1))
        : memberOf(document, at),
  );
  return [...meanings, ...passedBy(place, operation, document === undefined ? null : { document })];
}

/** Every route of the services behind one host. */
export function routesOf(operations: readonly Operation[]): { readonly [methodAndTemplate: string]: Reader } {
  const routes: { [methodAndTemplate: string]: Reader } = {};
  const byRoute = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (!operation.protocol.startsWith('rest')) continue;
    // HEAD is served by the route for GET.
    const route = operation.route.replace(/^HEAD /, 'GET ');
    const list = byRoute.get(route);
    if (list === undefined) byRoute.set(route, [operation]);
    else list.push(operation);
  }
  const named = namedOf(operations);
  const read =
    (list: readonly Operation[]): Reader =>
    (request, path) => {
      // What is asked for in another way as well, to a host that may heed it, is not understood.
      if (request.has('x-amz-target') || asksInQuery(request) || (named.size > 0 && saysAction(request))) return null;
      const operation = chosen(list, request);
      return operation === null ? null : readRest(request, operation, path);
    };
  for (const [route, list] of byRoute) {
    routes[route] = read(list);
    // SDKs differ in whether they send the slash that some models end in.
    const bare = route.replace(/(.)\/$/, '$1');
    if (!/ $/.test(bare) && !byRoute.has(bare)) routes[bare] = read(list);
  }
  if (named.size > 0) {
    const root: Reader = request => readRoot(request, placeOf(request.host)!, named);
    routes['POST /'] = root;
    if ([...named.values()].some(({ protocol }) => protocol !== 'json')) routes['GET /'] ??= root;
  }
  return routes;
}
