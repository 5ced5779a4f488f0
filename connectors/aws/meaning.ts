/** What an operation means: its name in IAM, its resource, and the parameters that policy and log may see. */
import type { Meaning, RequestView, Value } from '../../src/model.js';
import { aboutOf, canonical, saysWhere, stemOf } from './arn.js';
import { corrected } from './corrections.js';
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
  const located = saysWhere(place, operation.service);
  const parameters: { [name: string]: Value } = {
    service: operation.service,
    ...(located && { region: place.region || 'global' }),
  };
  const unknown: string[] = located ? [] : ['region'];
  for (const [name, value] of Object.entries(path)) if (!name.startsWith('_')) parameters[parameterOf(name)] = value;
  const read = (at: string): Found => {
    const found = at.startsWith('{') ? [path[at.slice(1, -1)]!] : find(at);
    return found?.map(value => canonical(operation, parameterOf(at), value)) ?? found;
  };
  for (const at of operation.about === null ? operation.places : [operation.about, ...operation.places]) {
    const found = read(at);
    const name = parameterOf(at);
    if (found === null) unknown.push(name);
    else if (found !== undefined) parameters[name] = isList(at) ? found.slice(0, mostAtOnce) : found[0]!;
  }
  const meaning: Meaning = {
    action: `${operation.service}.${operation.name}`,
    ...corrected(operation),
    parameters,
    unknown,
    resource: stemOf(place, operation.service),
  };
  const named = operation.about === null ? undefined : read(operation.about);
  const doubtful: Meaning = { ...meaning, unknown: [...unknown, 'resource'] };
  // Without its name a list is of all there are; anything else is about something that was said in another way.
  const general = (operation.about === null && operation.certain) || meaning.access === 'list';
  if (named === undefined) return [general && located ? meaning : doubtful];
  if (named === null || named.length > mostAtOnce || named.length === 0) return [doubtful];
  const others = operation.places.some(at => (!operation.alone || isOwner(at)) && read(at) !== undefined);
  return named.map(value => {
    const { resource, certain } = aboutOf(place, operation, parameterOf(operation.about!), value);
    return { ...meaning, resource, ...((others || !certain || !located) && { unknown: [...unknown, 'resource'] }) };
  });
}

/** Whose it is, where that need not be the credential's account. What S3 Control has in a field is that of its host. */
const isOwner = (at: string): boolean =>
  !at.startsWith('^') && /(^|_)(account_id|registry_id|catalog_id|domain_owner)$/.test(parameterOf(at));

const isList = (at: string): boolean => at.endsWith('[]') || at.endsWith('.*');

/** Whether the request has a body at all. */
export const isEmpty = ({ body }: RequestView): boolean =>
  body.state === 'none' || (body.state === 'complete' && body.bytes === 0);
