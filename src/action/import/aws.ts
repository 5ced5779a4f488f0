/**
 * AWS service models (`api-2.json`, as the SDKs up to v2 carry them) as routes. Pure. The protocols that send everything to
 * `/` are told apart by the operation that they name: in `X-Amz-Target` (json), or as `Action` (query, ec2).
 */
import type { Access, Route } from '../../model.js';
import { type Described, readOpenApi } from '../openapi/index.js';

type Members = { readonly [name: string]: unknown };

const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Whether a document is one. */
export const isAwsModel = (document: Members): boolean =>
  text(members(document.metadata).endpointPrefix) !== '' && Object.keys(members(document.operations)).length > 0;

/** What a model says. */
interface Model extends Omit<Described, 'routes'> {
  readonly routes: { readonly [methodAndTemplate: string]: Route };
  readonly title: string;
}

/** Reads a model. */
export function readAwsModel(document: Members): Model {
  const { protocol, endpointPrefix, globalEndpoint, targetPrefix, serviceFullName, apiVersion } = members(
    document.metadata,
  );
  const hosts = text(globalEndpoint)
    ? [text(globalEndpoint)]
    : [`${text(endpointPrefix)}.*.amazonaws.com`, `${text(endpointPrefix)}.*.amazonaws.com.cn`];
  const title = [text(serviceFullName), text(apiVersion)].filter(Boolean).join(' ');
  const rest = text(protocol).startsWith('rest');
  const { routes, faults } = readOpenApi(openApi(document, rest), rest ? {} : { resource: () => undefined });
  if (rest) return { routes, hosts, faults, title };
  const named = Object.entries(members(document.operations));
  const rows = named.flatMap(([name]) => {
    const row = routes[`POST /${name}`];
    const when =
      text(protocol) === 'json' ? { 'header.x-amz-target': `${text(targetPrefix)}.${name}` } : { 'body#/Action': name };
    const access = row?.access ?? accessOf(row?.action ?? '');
    return row === undefined ? [] : [{ ...row, ...(access && { access }), when }];
  });
  return { routes: { 'POST /': rows }, hosts, faults, title };
}

/** Everything is a POST there; what only reads says so in its name. */
const accessOf = (action: string): Access | undefined =>
  /^list_/.test(action) ? 'list' : /^(?:batch_get|describe|get|head)_/.test(action) ? 'read' : undefined;

/** The operations in the words of OpenAPI; those that all go to `/` under their names. */
function openApi(document: Members, rest: boolean): unknown {
  const paths: { [path: string]: { [method: string]: unknown } } = {};
  for (const [name, value] of Object.entries(members(document.operations))) {
    const { http, input } = members(value);
    const { method, requestUri } = members(http);
    const path = rest ? text(requestUri).replace(/\{(\w+)\+\}/g, '{$1}') : `/${name}`;
    const several = new Set([...text(requestUri).matchAll(/\{(\w+)\+\}/g)].map(([, one]) => one));
    const shape = members(members(document.shapes)[text(members(input).shape)] ?? input);
    const body: { [name: string]: unknown } = {};
    const parameters: unknown[] = [];
    for (const [member, described] of Object.entries(members(shape.members))) {
      const { location, locationName, shape: of } = members(described);
      const type = typeOf(members(members(document.shapes)[text(of)] ?? described));
      const at = text(location) === 'uri' ? 'path' : text(location) === 'querystring' ? 'query' : null;
      const spelled = text(locationName) || member;
      if (at === null && text(location) === '') body[spelled] = type;
      else if (at !== null)
        parameters.push({
          name: spelled,
          in: at,
          schema: type,
          ...(several.has(spelled) && { 'x-multi-segment': true }),
        });
    }
    paths[path] ??= {};
    paths[path][rest ? text(method).toLowerCase() : 'post'] = {
      operationId: name,
      parameters,
      requestBody: { content: { 'application/json': { schema: { type: 'object', properties: body } } } },
    };
  }
  return { openapi: '3.0.0', paths };
}

function typeOf({ type, enum: values }: Members): Members {
  const known = {
    string: 'string',
    integer: 'integer',
    long: 'integer',
    boolean: 'boolean',
    double: 'number',
    float: 'number',
  };
  const name = Object.hasOwn(known, text(type)) ? known[text(type) as keyof typeof known] : 'object';
  return { type: name, ...(Array.isArray(values) && { enum: values }) };
}
