/** What an operation means: its name in IAM, its resource, and the parameters that policy and log may see. */
import type { Meaning, RequestView, Value } from '../../src/model.js';
import { aboutOf, canonical, stemOf } from './arn.js';
import { corrections } from './corrections.js';
import type { Place } from './host.js';
import type { Operation } from './model.js';
import { type Found, parameterOf } from './values.js';

/** More of one request than can be decided one by one. */
export const mostAtOnce = 49;

/** What one request of an operation does; a meaning for each resource that it names. */
export function meaningsOf(
  place: Place,
  operation: Operation,
  path: { readonly [name: string]: string },
  find: (at: string) => Found,
): readonly Meaning[] {
  const parameters: { [name: string]: Value } = { service: operation.service, region: place.region || 'global' };
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(path)) if (!name.startsWith('_')) parameters[parameterOf(name)] = value;
  const read = (at: string): Found => {
    const found = at.startsWith('{') ? [path[at.slice(1, -1)]!] : find(at);
    return found?.map(value => canonical(operation.service, parameterOf(at), value)) ?? found;
  };
  for (const at of operation.about === null ? operation.places : [operation.about, ...operation.places]) {
    const found = read(at);
    const name = parameterOf(at);
    if (found === null) unknown.push(name);
    else if (found !== undefined) parameters[name] = isList(at) ? found.slice(0, mostAtOnce) : found[0]!;
  }
  const meaning: Meaning = {
    action: `${operation.service}.${operation.name}`,
    access: operation.access,
    ...(operation.hints.length > 0 && { hints: operation.hints }),
    ...corrections[`${operation.service}.${operation.name}`],
    parameters,
    unknown,
    resource: stemOf(place, operation.service),
  };
  const named = operation.about === null ? undefined : read(operation.about);
  const doubtful: Meaning = { ...meaning, unknown: [...unknown, 'resource'] };
  // Without its name a list is of all there are; anything else is about something that was said in another way.
  if (named === undefined)
    return [(operation.about === null && operation.certain) || meaning.access === 'list' ? meaning : doubtful];
  if (named === null || named.length > mostAtOnce || named.length === 0) return [doubtful];
  const others = !operation.alone && operation.places.some(at => read(at) !== undefined);
  return named.map(value => {
    const { resource, certain } = aboutOf(place, operation, parameterOf(operation.about!), value);
    return { ...meaning, resource, ...((others || !certain) && { unknown: [...unknown, 'resource'] }) };
  });
}

const isList = (at: string): boolean => at.endsWith('[]') || at.endsWith('.*');

/** Whether the request has a body at all. */
export const isEmpty = ({ body }: RequestView): boolean =>
  body.state === 'none' || (body.state === 'complete' && body.bytes === 0);
