/** Requests to the path `/`: queries (`Action=…`) and JSON (`X-Amz-Target: …`). https://smithy.io/2.0/aws/protocols/ */
import type { Meaning, RequestView } from '../../src/model.js';
import { decrypting } from './decrypted.js';
import { tablesOf } from './dynamodb.js';
import type { Place } from './host.js';
import { isEmpty, meaningsOf } from './meaning.js';
import type { Operation } from './model.js';
import { passedBy } from './passed.js';
import { formOf, memberOf, type Pairs, pairOf } from './values.js';

/** The form and the query together: AWS reads both. Null if the body can't be read as a form, of which AWS knows one kind. */
function pairsIn(request: RequestView): Pairs | null {
  if (isEmpty(request)) return request.query;
  const type = request.header('content-type') ?? '';
  if (request.method !== 'POST' || request.form === undefined || !/^application\/x-www-form-urlencoded/i.test(type))
    return null;
  return [...request.query, ...request.form];
}

/** `Action` or `Version`, said once. */
function said(pairs: Pairs, name: string): string | null {
  const found = pairOf(pairs, name);
  return found ? found[0]! : null;
}

/** Operations by how requests to `/` name them. */
export type Named = ReadonlyMap<string, Operation>;

/** Those that requests to `/` may be for. */
export const namedOf = (operations: readonly Operation[]): Named =>
  new Map(
    operations
      .filter(({ protocol }) => !protocol.startsWith('rest'))
      .map(one => [
        one.protocol === 'json' ? `${one.mark}.${one.name}` : `Action=${one.name}&Version=${one.mark}`,
        one,
      ]),
  );

/** Whether a request says an action as a query does, in any spelling. */
export const saysAction = ({ query, form }: RequestView): boolean =>
  pairOf(query, 'Action') !== undefined || (form !== undefined && pairOf(form, 'Action') !== undefined);

function readQuery(request: RequestView, place: Place, operations: Named): readonly Meaning[] | null {
  const pairs = pairsIn(request);
  if (pairs === null) return null;
  const action = said(pairs, 'Action');
  const operation = operations.get(`Action=${action}&Version=${said(pairs, 'Version')}`);
  // One old service has the name once more.
  const again = pairOf(pairs, 'Operation');
  if (operation === undefined || again === null || (again !== undefined && again[0] !== action)) return null;
  return [...meaningsOf(place, operation, {}, at => formOf(pairs, at)), ...passedBy(place, operation, { pairs })];
}

function readTarget(request: RequestView, target: string, place: Place, operations: Named): readonly Meaning[] | null {
  const named = operations.get(target);
  // Who asks in both ways means one of them.
  if (named?.protocol !== 'json' || request.method !== 'POST' || saysAction(request)) return null;
  const document = isEmpty(request) ? {} : request.json;
  const operation = decrypting(named, document);
  const meanings =
    tablesOf(place, operation, document) ?? meaningsOf(place, operation, {}, at => memberOf(document, at));
  return [...meanings, ...passedBy(place, operation, document === undefined ? null : { document })];
}

/** A field that may be signed for in the query as well; who reads it from there is not told here. */
export const asksInQuery = ({ query }: RequestView): boolean => pairOf(query, 'X-Amz-Target') !== undefined;

/** What a request to `/` does; null if it says it in no way, or in two. */
export function readRoot(request: RequestView, place: Place, operations: Named): readonly Meaning[] | null {
  if (asksInQuery(request)) return null;
  if (!request.has('x-amz-target')) return readQuery(request, place, operations);
  const target = request.header('x-amz-target');
  return target === undefined ? null : readTarget(request, target, place, operations);
}
