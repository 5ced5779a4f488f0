/**
 * The catalogue: every connector compiled, and the one question to it: what would this request do? Pure; everything
 * that is classified is attacker-controlled, so classifying can't fail, and what isn't described is "unclassified".
 */
import { exitCode, Fault } from '../errors.js';
import type { Access, Action, CanonicalRequest, Classified, Connector, Resource } from '../model.js';
import { grpcCall } from './grpc.js';
import { isObject } from './json.js';
import { type CompiledRoute, compileRoute, isActionName, type Reading } from './route.js';
import { RouteTree } from './template.js';
import { View } from './view.js';

/** Every connector, by host and by name. */
export interface Catalog {
  /** What the request would do. Never throws. */
  classify(request: CanonicalRequest): Classified;
  /** The connector (or the part of one) that serves a host in canonical form, or null. */
  forHost(host: string): Connector | null;
  /** The first part of the connector with this name, or null. */
  find(name: string): Connector | null;
  /** Every host pattern of all parts of the connector with this name. */
  hosts(name: string): readonly string[];
  /** All parts of all connectors, in the order given. */
  list(): readonly Connector[];
}

interface Compiled {
  readonly connector: Connector;
  readonly tree: RouteTree<CompiledRoute>;
}

const connectorKeys = ['name', 'hosts', 'credentials', 'routes', 'reads', 'canonical', 'refusal'];

/**
 * Compiles the connectors. Throws one `Fault` that lists everything that is wrong with them, in sentences for their
 * author.
 */
export function openCatalog(connectors: readonly Connector[]): Catalog {
  const faults: string[] = [];
  const byHost = new Map<string, Compiled>();
  for (const connector of connectors)
    compile(connector, byHost, sentence => faults.push(`${connector.name}: ${sentence}.`));
  if (faults.length > 0) {
    const count = faults.length === 1 ? 'There is a fault' : `There are ${faults.length} faults`;
    throw new Fault(
      exitCode.failed,
      `${count} in the connectors:\n  ${faults.join('\n  ')}`,
      'docs/connectors.md says how a connector is written.',
    );
  }
  const serving = (host: string): Compiled | null => {
    const exact = byHost.get(host);
    if (exact !== undefined) return exact;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const wild = byHost.get(`*${host.slice(dot)}`);
      if (wild !== undefined) return wild;
    }
    return null;
  };
  return {
    classify(request) {
      const compiled = serving(request.host);
      if (request.method === 'CONNECT') return uninspected(request, compiled?.connector.name ?? 'http');
      return compiled === null ? generic(request) : classify(compiled, request);
    },
    forHost: host => serving(host)?.connector ?? null,
    find: name => connectors.find(connector => connector.name === name) ?? null,
    hosts: name => connectors.filter(connector => connector.name === name).flatMap(connector => connector.hosts),
    list: () => connectors,
  };
}

/** Compiles one connector into the map of hosts. */
function compile(connector: Connector, byHost: Map<string, Compiled>, fault: (sentence: string) => void): void {
  if (!/^[a-z][a-z0-9_-]*$/.test(connector.name) || connector.name === 'http')
    fault('the name is not a lower-case word (and `http` is taken)');
  for (const key of Object.keys(connector))
    if (!connectorKeys.includes(key)) fault(`the key ${JSON.stringify(key)} is unknown`);
  const { credentials } = connector;
  if (credentials && !/^(bearer|basic|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:\S+)$/.test(credentials.scheme))
    fault(`the scheme ${JSON.stringify(credentials.scheme)} is unknown`);
  if (credentials && !credentials.placeholder.includes('tfplaceholder'))
    fault('the placeholder does not contain `tfplaceholder`');
  const tree = new RouteTree<CompiledRoute>();
  const compiled: Compiled = { connector, tree };
  if (connector.hosts.length === 0) fault('there is no host');
  for (const host of connector.hosts) {
    if (!/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host))
      fault(`the host ${JSON.stringify(host)} is not a lower-case name, or \`*.\` and one`);
    const other = byHost.get(host)?.connector.name;
    if (other === undefined) byHost.set(host, compiled);
    else fault(`the host ${host} is served by ${other} already`);
  }
  for (const [key, route] of Object.entries(connector.routes)) {
    const read = compileRoute(key, route, sentence => fault(`in \`${key}\` ${sentence}`));
    if (read !== null && !tree.add(read.template, read.read))
      fault(`\`${key}\` fits the same requests as another route`);
  }
}

const accessOf = (method: string): Access =>
  method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'read' : method === 'DELETE' ? 'delete' : 'write';

/** `host:name`, with the port if it isn't the scheme's own. */
function hostResource(request: CanonicalRequest): Resource {
  const usual = request.port === (request.scheme === 'https' ? 443 : 80);
  return { type: 'host', id: usual ? request.host : `${request.host}:${request.port}` };
}

/** A tunnel that isn't read: it may carry anything. It belongs to the connector of its host, for a kill of that. */
function uninspected(request: CanonicalRequest, connector: string): Classified {
  const action: Action = {
    name: 'http.uninspected',
    connector,
    access: 'write',
    parameters: { port: request.port },
    unknown: [],
  };
  return { action, resource: { type: 'host', id: request.host }, connector: null, typed: false };
}

/** A request to a host that no connector serves. */
function generic(request: CanonicalRequest): Classified {
  const name = /^[A-Z][A-Z-]*$/.test(request.method)
    ? request.method.toLowerCase().replaceAll('-', '_')
    : 'unclassified';
  const overridden = overridesMethod(new View(request));
  const action: Action = {
    name: overridden ? 'http.unclassified' : (grpcCall(request) ?? `http.${name}`),
    connector: 'http',
    // What an upgraded connection carries isn't judged frame by frame, so it counts as writing.
    access: overridden ? 'permissions' : request.upgrade === null ? accessOf(request.method) : 'write',
    parameters: request.upgrade === null ? {} : { upgrade: request.upgrade },
    unknown: overridden ? ['method'] : [],
  };
  return { action, resource: hostResource(request), connector: null, typed: false };
}

function unclassified(connector: Connector, request: CanonicalRequest, unknown: readonly string[]): Classified {
  // Whoever overrides the method may do anything.
  const access = unknown.includes('method') ? 'permissions' : accessOf(request.method);
  const action: Action = {
    name: `${connector.name}.unclassified`,
    connector: connector.name,
    access,
    parameters: {},
    unknown,
  };
  return { action, resource: hostResource(request), connector, typed: false };
}

const overrides = new Set(['x-http-method-override', 'x-http-method', 'x-method-override']);

/** `_method` as the name of a pair, of a member, or of a part of a multipart form. */
const namesMethod =
  /(?:^|[&;\n])[\s[\]]*[._]method(?![A-Za-z0-9])|"_method"\s*:|name\s*=\s*["']?_method(?![A-Za-z0-9])/i;

/** Whether the request asks to be taken for one with another method (as Rails, Laravel, Express and others allow). */
function overridesMethod(view: View): boolean {
  if (view.hasExtension(overrides)) return true;
  const query = view.nestedQuery;
  if (query !== undefined && '_method' in query) return true;
  for (const text of view.unread()) if (namesMethod.test(text)) return true;
  if (view.method === 'GET' || view.method === 'HEAD' || view.empty) return false;
  const document = view.document;
  return isObject(document) && '_method' in document;
}

function classify({ connector, tree }: Compiled, request: CanonicalRequest): Classified {
  try {
    // A connector knows what its API means on its own port over TLS, and a credential goes nowhere else.
    if (request.scheme !== 'https' || request.port !== 443) return unclassified(connector, request, ['authority']);
    const match = tree.match(request.method, request.path);
    const view = new View(request, connector.reads);
    if (overridesMethod(view)) return unclassified(connector, request, ['method']);
    if (match === null || request.upgrade !== null) return unclassified(connector, request, []);
    const path = canonicalPath(connector, match.path);
    const reading = path && match.value(view, path);
    if (!reading) return unclassified(connector, request, []);
    if ('undetermined' in reading) return unclassified(connector, request, reading.undetermined);
    return described(connector, request, reading);
  } catch {
    return unclassified(connector, request, []);
  }
}

/** The path parameters in the API's one spelling; null if one of them isn't described. */
function canonicalPath(
  connector: Connector,
  path: { readonly [name: string]: string },
): { readonly [name: string]: string } | null {
  if (connector.canonical === undefined) return path;
  const result = Object.create(null) as { [name: string]: string };
  for (const name in path) {
    const value = connector.canonical(name, path[name]!);
    if (value === null) return null;
    result[name] = value;
  }
  return result;
}

function described(connector: Connector, request: CanonicalRequest, reading: Reading): Classified {
  if (!isActionName(reading.action)) return unclassified(connector, request, ['action']);
  const action: Action = {
    name: `${connector.name}.${reading.action}`,
    connector: connector.name,
    access: reading.access ?? accessOf(request.method),
    parameters: reading.parameters ?? {},
    unknown: reading.unknown ?? [],
  };
  const text = reading.resource;
  const colon = text?.indexOf(':') ?? -1;
  const resource: Resource =
    text === undefined
      ? hostResource(request)
      : colon < 0
        ? { type: text, id: '' }
        : { type: text.slice(0, colon), id: text.slice(colon + 1) };
  // A function may answer "unclassified" itself, to name what it could not determine.
  const typed = reading.action !== 'unclassified';
  return { action, resource, connector, typed, ...(reading.lookup && { lookup: reading.lookup }) };
}
