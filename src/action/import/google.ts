/**
 * Google's discovery documents, as OpenAPI. Pure. https://developers.google.com/discovery/v1/reference/apis
 */

type Members = { readonly [name: string]: unknown };

const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Whether a document is one. */
export const isDiscovery = (document: Members): boolean =>
  text(document.discoveryVersion) !== '' || text(document.kind) === 'discovery#restDescription';

/** The same API in the words of OpenAPI 3.0. */
export function fromDiscovery(document: Members): unknown {
  const root = text(document.rootUrl) || 'https://www.googleapis.com/';
  const paths: { [path: string]: { [method: string]: unknown } } = {};
  for (const method of methodsOf(document)) {
    const operation = operationOf(method);
    const upload = text(members(members(members(method.mediaUpload).protocols).simple).path);
    for (const [path, id] of [
      // `v1/{+name}` is the path of many methods; the flat one tells them apart.
      [`/${text(document.servicePath)}${text(method.flatPath) || text(method.path)}`, text(method.id)],
      ...(upload === '' ? [] : [[upload, `${text(method.id)}.upload`]]),
    ] as const) {
      const at = `/${path.replace(/^\/+/, '')}`.replace(/\{\+(\w+)\}/g, '{$1}');
      paths[at] ??= {};
      paths[at][text(method.httpMethod).toLowerCase()] = { ...operation, operationId: id };
    }
  }
  return {
    openapi: '3.0.0',
    info: { title: text(document.title), version: text(document.version) },
    servers: [{ url: root.replace(/\/+$/, '') }],
    paths,
    components: { schemas: schemas(members(document.schemas)) },
  };
}

/** Every method, those of nested resources included. */
function methodsOf(document: Members, depth = 0): readonly Members[] {
  if (depth > 10) return [];
  const below = Object.values(members(document.resources)).flatMap(one => methodsOf(members(one), depth + 1));
  return [...Object.values(members(document.methods)).map(members), ...below];
}

function operationOf(method: Members): Members {
  const several = new Set([...text(method.path).matchAll(/\{\+(\w+)\}/g)].map(([, name]) => name));
  const reference = text(members(method.request).$ref);
  const response = text(members(method.response).$ref);
  return {
    parameters: Object.entries(members(method.parameters)).map(([name, described]) => {
      const { location, required, type, enum: values } = members(described);
      return {
        name,
        in: location,
        required,
        schema: { type, ...(values !== undefined && { enum: values }) },
        ...(several.has(name) && { 'x-multi-segment': true }),
      };
    }),
    ...(reference !== '' && { requestBody: json(reference) }),
    responses: { 200: response === '' ? {} : json(response) },
  };
}

const json = (name: string): Members => ({
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
});

/** Schemas with references as OpenAPI writes them. */
function schemas(value: Members): Members {
  const rewritten = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(rewritten);
    if (typeof inner !== 'object' || inner === null) return inner;
    const entries = Object.entries(inner).map(([name, one]) => [
      name,
      name === '$ref' && typeof one === 'string' ? `#/components/schemas/${one}` : rewritten(one),
    ]);
    return Object.fromEntries(entries);
  };
  return rewritten(value) as Members;
}
