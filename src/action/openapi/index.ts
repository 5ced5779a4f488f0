/**
 * An API's own description (OpenAPI 3.0 and 3.1, Swagger 2) as rows of a connector. Pure. What can't be read is told in
 * sentences for its author and left out; nothing throws.
 * https://spec.openapis.org/oas/v3.1.1.html, https://spec.openapis.org/oas/v2.0.html
 */
import type { RouteRow } from '../../model.js';
import { shapeOf } from '../template.js';
import { accessOf, hintsOf } from './access.js';
import { items, type Node, node, References, text } from './document.js';
import { actionName, nameOfPath } from './names.js';
import { pathType, schemaOf, visible } from './parameters.js';
import { openApiServers, type Server, swaggerServers } from './servers.js';
import { lastNamed, type PathTemplate, templateOf } from './template.js';

export { actionName, parameterName, singular, snake } from './names.js';

/** What a description says. */
export interface Described {
  /** `GET /repos/{owner}/{repo}` → its row, in the order of the description. */
  readonly routes: { readonly [methodAndTemplate: string]: RouteRow };
  /** Host patterns of its servers, https on port 443 only; none if it names none. */
  readonly hosts: readonly string[];
  /** Sentences for the author, each of them about one thing that is left out or named otherwise. */
  readonly faults: readonly string[];
}

/** What a description can't say. */
export interface ReadingOptions {
  /** Whether a path parameter takes several segments. By default what `x-multi-segment` says. */
  readonly several?: (path: string, name: string) => boolean;
  /** The resource of a template, base path included. By default the last thing that it names. */
  readonly resource?: (template: string) => string | undefined;
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'patch', 'trace'];

/** Reads a description, parsed from JSON or YAML already. */
export function readOpenApi(document: unknown, options: ReadingOptions = {}): Described {
  const faults: string[] = [];
  const fault = (sentence: string): void => void faults.push(sentence);
  const root = node(document);
  const swagger = root.swagger === '2.0';
  if (!swagger && !/^3\.[01](?:\.|$)/.test(text(root.openapi)))
    return {
      routes: {},
      hosts: [],
      faults: [
        'This is no description of an API: it says neither `openapi: 3.0`, `openapi: 3.1` nor `swagger: "2.0"`.',
      ],
    };
  const references = new References(root, fault);
  const servers = swagger
    ? swaggerServers(root, fault)
    : (openApiServers(root.servers, fault) ?? [{ host: null, base: '' }]);
  const reader = new OperationReader(references, options, fault);
  const hosts = new Set(servers.flatMap(({ host }) => host ?? []));
  for (const [path, value] of Object.entries(node(root.paths))) {
    if (!path.startsWith('/')) {
      if (!path.startsWith('x-')) fault(`The path ${path} does not begin with \`/\`.`);
      continue;
    }
    const item = references.follow(value);
    for (const method of methods) {
      if (item[method] === undefined) continue;
      const operation = node(item[method]);
      const nearer = openApiServers(operation.servers, fault) ?? openApiServers(item.servers, fault);
      for (const { host } of nearer ?? []) if (host !== null) hosts.add(host);
      reader.read(method.toUpperCase(), path, item, operation, nearer ?? servers);
    }
  }
  if (Object.keys(reader.routes).length === 0 && faults.length === 0) fault('There is no operation in it.');
  return { routes: reader.routes, hosts: [...hosts].sort(), faults };
}

/** Reads operations one after the other, and knows those before. */
class OperationReader {
  readonly routes: { [methodAndTemplate: string]: RouteRow } = {};
  readonly #references: References;
  readonly #options: ReadingOptions;
  readonly #fault: (sentence: string) => void;
  /** Action → the operation that has the name. */
  readonly #names = new Map<string, string>();
  /** Template without its parameters' names → the template. */
  readonly #shapes = new Map<string, string>();

  constructor(references: References, options: ReadingOptions, fault: (sentence: string) => void) {
    this.#references = references;
    this.#options = options;
    this.#fault = fault;
  }

  read(method: string, path: string, item: Node, operation: Node, servers: readonly Server[]): void {
    const parameters = this.#parameters(item, operation);
    const several = (name: string): boolean =>
      this.#options.several?.(path, name) ??
      parameters.some(one => one.in === 'path' && one.name === name && one['x-multi-segment'] === true);
    const action = this.#action(method, path, operation);
    for (const base of new Set(servers.map(server => server.base))) {
      const template = templateOf(`${base}${path}`, several);
      if (typeof template === 'string') {
        this.#fault(`${method} ${path} ${template}.`);
        continue;
      }
      const key = `${method} ${template.text}`;
      const shape = shapeOf(key);
      const other = this.#shapes.get(shape);
      if (other !== undefined) {
        this.#fault(`${method} ${path} fits the same requests as ${other}, and is left out.`);
        continue;
      }
      this.#shapes.set(shape, key);
      this.routes[key] = this.#row(method, action, template, parameters, operation);
    }
  }

  /** Parameters of the operation, and those of its path that it doesn't describe anew. */
  #parameters(item: Node, operation: Node): readonly Node[] {
    const byPlace = new Map<string, Node>();
    for (const one of [...items(item.parameters), ...items(operation.parameters)]) {
      const parameter = this.#references.follow(one);
      byPlace.set(`${text(parameter.in)} ${text(parameter.name)}`, parameter);
    }
    return [...byPlace.values()];
  }

  #action(method: string, path: string, operation: Node): string {
    const named = actionName(text(operation.operationId));
    const usual = named === '' || this.#names.has(named) ? nameOfPath(method, path) : named;
    let action = usual;
    // Whoever allows the one of two with one name would allow the other.
    for (let count = 2; this.#names.has(action); count++) action = `${usual}_${count}`;
    if (named !== '' && action !== named)
      this.#fault(`${method} ${path} has the operation id of ${this.#names.get(named)}, and is named ${action}.`);
    else if (action !== usual)
      this.#fault(`${method} ${path} would have the name of ${this.#names.get(usual)}, and is named ${action}.`);
    this.#names.set(action, `${method} ${path}`);
    return action;
  }

  #row(method: string, action: string, template: PathTemplate, parameters: readonly Node[], operation: Node): RouteRow {
    const access = accessOf(method, action, template.text, operation, this.#references);
    const hints = hintsOf(action, access, operation);
    const resource = (this.#options.resource ?? lastNamed)(template.text);
    const shown = new Map<string, string>();
    for (const [name, original] of template.names) {
      if (resource?.includes(`{${name}}`)) continue;
      const described = parameters.find(one => one.in === 'path' && one.name === original);
      shown.set(name, `path.${name}${described ? pathType(schemaOf(described, this.#references)) : ''}`);
    }
    for (const [name, expression] of visible(parameters, operation, this.#references))
      if (!template.names.has(name)) shown.set(name, expression);
    const usual = method === 'GET' ? 'read' : method === 'DELETE' ? 'delete' : 'write';
    return {
      action,
      ...(access !== usual && { access }),
      ...(hints.length > 0 && { hints }),
      ...(resource !== undefined && { resource }),
      ...(shown.size > 0 && { parameters: Object.fromEntries(shown) }),
    };
  }
}
