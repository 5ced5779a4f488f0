/** What AWS's services do, as rows for people to look for. */
import type { RouteRow, Value } from '../../src/model.js';
import { corrected } from './corrections.js';
import { type Operation, operationsOf } from './model.js';
import { bucketOperations, objectOperations } from './s3-operations.js';
import { parameterOf } from './values.js';

/** How an operation is asked for. */
function askedFor({ protocol, name, mark, route, literals }: Operation): string {
  if (protocol === 'json') return `POST / X-Amz-Target: ${mark}.${name}`;
  if (!protocol.startsWith('rest')) return `POST / Action=${name}`;
  const query = literals.map(([key, value]) => (value === '' ? key : `${key}=${value}`)).join('&');
  return query === '' ? route : `${route}?${query}`;
}

function rowOf(operation: Operation): RouteRow {
  const { service, name, about, places, route } = operation;
  const labels = operation.protocol.startsWith('rest') ? [...route.matchAll(/\{([a-z]\w*)\+?\}/g)] : [];
  const names = [...labels.map(match => match[1]!), ...(about === null ? [] : [about]), ...places].map(parameterOf);
  const action = `${service}.${name}`;
  const parameters = Object.fromEntries(['service', 'region', ...names].map(parameter => [parameter, '']));
  return { action, ...corrected(operation), resource: 'arn', parameters };
}

const ofS3 = (): readonly (readonly [string, RouteRow])[] =>
  (
    [
      [bucketOperations, '/{bucket}', ['bucket']],
      [objectOperations, '/{bucket}/{key+}', ['bucket', 'key']],
    ] as const
  ).flatMap(([operations, path, names]) =>
    [...operations].map(([key, { action, names: api, access, hints }]) => {
      const [method, sub] = key.split(' ');
      const aliases = api.filter(name => name !== action).map(name => `s3.${name}`);
      const parameters = Object.fromEntries(['service', 'region', ...names].map(parameter => [parameter, '']));
      // The batch is this action for each of its keys.
      if (action === 'DeleteObject') aliases.push('s3.DeleteObjects');
      const row: RouteRow = { action: `s3.${action}`, aliases, access, hints, resource: 'arn', parameters };
      return [`${method} ${path}${sub === '-' ? '' : `?${sub}`}`, row] as const;
    }),
  );

/** Every operation, each once, with how it is asked for. */
export function shownOf(data: Value): readonly (readonly [route: string, row: RouteRow])[] {
  const hosts = Object.entries(data as { readonly [host: string]: string });
  const described = hosts.filter(([host, text]) => host !== 's3' && !text.startsWith('= '));
  const parameters = { service: '', region: '', passed_to: '' };
  return [
    ...ofS3(),
    // With whatever has a role in it.
    ['', { action: 'iam.PassRole', access: 'permissions', resource: 'arn', parameters }],
    ...described.flatMap(([host]) =>
      operationsOf(data, host).map(operation => [askedFor(operation), rowOf(operation)] as const),
    ),
  ];
}
