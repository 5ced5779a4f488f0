/**
 * The catalogue: every connector by its hosts, and the one question to it: what would this request do? Pure; everything
 * that is classified is attacker-controlled, so classifying can't fail, and what isn't described is "unclassified".
 */
import { exitCode, Fault } from '../errors.js';
import type {
  Access,
  Action,
  CanonicalRequest,
  Classified,
  Connector,
  Generated,
  Meaning,
  Resource,
} from '../model.js';
import { accessOf, generic, hostResource, uninspected } from './generic.js';
import { HostIndex, isHostPattern } from './hosts.js';
import { lookedUp } from './lookup.js';
import { actsForAnother, overridesMethod } from './override.js';
import { isActionName, type Reading, readerOfPairs } from './route.js';
import { openPart, openTable, type Table } from './table.js';
import { View } from './view.js';

/** Every connector, by host and by name. */
export interface Catalog {
  /** What the request would do. Never throws. */
  classify(request: CanonicalRequest): Classified;
  /** The connector (or the part of one) that serves a host in canonical form on this port, or null. */
  forHost(host: string, port?: number): Connector | null;
  /** The first part of the connector with this name, or null. */
  find(name: string): Connector | null;
  /** Every host pattern of all parts of the connector with this name, the operator's own included, without ports. */
  hosts(name: string): readonly string[];
  /** All parts of all connectors, in the order given. */
  list(): readonly Connector[];
}

/** What a catalogue is made with. */
export interface CatalogOptions {
  /** Reads a file of connectors/generated. Called at the first request to its API. Throws if there is none. */
  readonly generated?: (name: string) => Generated;
  /** The operator's own hosts: connector → what they call it → `host` or `host:port`. */
  readonly hosts?: { readonly [connector: string]: { readonly [instance: string]: string } };
  /** Look at every row of every table now, and not when it is first met: for whoever writes or checks connectors. */
  readonly whole?: boolean;
}

/** A connector at one of its hosts. */
interface Served {
  readonly connector: Connector;
  /** What the operator calls the host, or null if it is not theirs. */
  readonly instance: string | null;
  /** The table, put together when it is first needed. */
  table(): Table;
}

const connectorKeys: readonly string[] = [
  'name',
  'hosts',
  'configurable',
  'credentials',
  'generated',
  'read',
  'part',
  'shown',
  'prompts',
  'upgrades',
  'routes',
  'reads',
  'canonical',
  'offers',
  'encoded',
  'impersonation',
  'refusal',
] satisfies (keyof Connector)[];

/**
 * Opens the catalogue. Throws one `Fault` that lists everything that is wrong with the connectors, in sentences for their
 * author: what is wrong with rows only if `whole` is said; such a row describes nothing.
 */
export function openCatalog(connectors: readonly Connector[], options: CatalogOptions = {}): Catalog {
  const faults: string[] = [];
  const usual = new HostIndex<Served>();
  /** By `host:port`. */
  const own = new Map<string, Served>();
  for (const connector of connectors) {
    const fault = (sentence: string): void => void faults.push(`${connector.name}: ${sentence}.`);
    checkHead(connector, fault);
    const table = tableOf(connector, options, fault);
    if (options.whole) attempt(table);
    for (const host of connector.hosts) {
      const other = usual.add(host, { connector, instance: null, table });
      if (other !== undefined) fault(`the host ${host} is served by ${other.connector.name} already`);
    }
    if (connectors.find(({ name }) => name === connector.name) !== connector) continue;
    for (const [instance, at] of Object.entries(options.hosts?.[connector.name] ?? {}))
      own.set(at.includes(':') ? at : `${at}:443`, { connector, instance, table });
  }
  for (const name of Object.keys(options.hosts ?? {})) {
    const connector = connectors.find(one => one.name === name);
    if (connector?.configurable !== true)
      faults.push(
        `${name}: ${connector ? 'its hosts are known, and none can be added' : 'there is no such connector'}.`,
      );
  }
  if (faults.length > 0) {
    const count = faults.length === 1 ? 'There is a fault' : `There are ${faults.length} faults`;
    throw new Fault(
      exitCode.failed,
      `${count} in the connectors:\n  ${faults.join('\n  ')}`,
      'docs/connectors.md says how a connector is written.',
    );
  }
  const serving = (host: string, port: number): Served | undefined =>
    (own.size > 0 ? own.get(`${host}:${port}`) : undefined) ?? usual.find(host);
  return {
    classify(request) {
      const served = serving(request.host, request.port);
      if (request.method === 'CONNECT') return uninspected(request, served?.connector.name ?? 'http');
      return served === undefined ? generic(request) : classify(served, request);
    },
    forHost: (host, port = 443) => serving(host, port)?.connector ?? null,
    find: name => connectors.find(connector => connector.name === name) ?? null,
    hosts: name => [
      ...connectors.filter(connector => connector.name === name).flatMap(connector => connector.hosts),
      ...Object.values(options.hosts?.[name] ?? {}).map(at => at.replace(/:\d+$/, '')),
    ],
    list: () => connectors,
  };
}

/** Its faults are told by itself. */
function attempt(table: () => Table): void {
  try {
    table();
  } catch {}
}

/** Says what is wrong with a connector, its rows aside. */
function checkHead(connector: Connector, fault: (sentence: string) => void): void {
  if (!/^[a-z][a-z0-9_-]*$/.test(connector.name) || connector.name === 'http')
    fault('the name is not a lower-case word (and `http` is taken)');
  for (const key of Object.keys(connector))
    if (!connectorKeys.includes(key)) fault(`the key ${JSON.stringify(key)} is unknown`);
  const { credentials } = connector;
  if (
    credentials &&
    !/^(bearer|basic|sigv4|registry|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:\S+)$/.test(credentials.scheme)
  )
    fault(`the scheme ${JSON.stringify(credentials.scheme)} is unknown`);
  if (credentials && !credentials.placeholder.includes('tfplaceholder'))
    fault('the placeholder does not contain `tfplaceholder`');
  if (connector.hosts.length === 0 && !connector.configurable) fault('there is no host');
  for (const host of connector.hosts)
    if (!isHostPattern(host))
      fault(`the host ${JSON.stringify(host)} is not a lower-case name, or one with \`*\` labels before the last two`);
}

/** The table of a connector, put together once. */
function tableOf(connector: Connector, options: CatalogOptions, fault: (sentence: string) => void): () => Table {
  let table: Table | undefined;
  return () => {
    if (table !== undefined) return table;
    let generated: Generated | null = null;
    try {
      if (connector.generated !== undefined) generated = options.generated!(connector.generated);
    } catch {
      fault(`connectors/generated/${connector.generated}.json can't be read`);
      // Without its table every request to the API is unclassified; with half of it, another one than is meant.
      throw new Error(`The table of ${connector.name} can't be read.`);
    }
    table = openTable(connector, generated, fault, options.whole === true);
    return table;
  };
}

function unclassified(connector: Connector, request: CanonicalRequest, unknown: readonly string[]): Classified {
  // Whoever overrides the method may do anything, and whoever acts for another, what that one may.
  const access =
    unknown.includes('method') || unknown.includes('impersonation') ? 'permissions' : accessOf(request.method);
  const action: Action = {
    name: `${connector.name}.unclassified`,
    connector: connector.name,
    access,
    parameters: {},
    unknown,
  };
  return { action, resource: hostResource(request), connector, typed: false };
}

function classify({ connector, instance, table }: Served, request: CanonicalRequest): Classified {
  try {
    // A connector knows what its API means on its own port over TLS, and a credential goes nowhere else.
    if (request.scheme !== 'https' || (request.port !== 443 && instance === null))
      return unclassified(connector, request, ['authority']);
    const reads = typeof connector.reads === 'function' ? connector.reads(request.path) : connector.reads;
    const view = new View(request, reads, instance ?? request.host);
    const overridden = overridesMethod(view) ? 'method' : actsForAnother(view, connector) ? 'impersonation' : null;
    const reading = overridden === null ? readingOf(connector, table(), request, view) : { undetermined: [overridden] };
    if (reading === null) return unclassified(connector, request, []);
    if ('undetermined' in reading) return unclassified(connector, request, reading.undetermined);
    if (!isSeveral(reading)) return described(connector, request, reading);
    if (reading.length > mostAtOnce) return unclassified(connector, request, ['batch']);
    const [first, ...also] = reading.map(one => described(connector, request, one)).sort(strictestFirst);
    if (first === undefined) return unclassified(connector, request, []);
    return also.length === 0 ? first : { ...first, also };
  } catch {
    return unclassified(connector, request, []);
  }
}

/** A request that would do more than this at once is more than anybody can judge. */
const mostAtOnce = 50;

const isSeveral = (reading: Meaning | readonly Meaning[]): reading is readonly Meaning[] => Array.isArray(reading);

const severity: readonly Access[] = ['list', 'read', 'write', 'delete', 'permissions'];

const strictestFirst = (a: Classified, b: Classified): number =>
  severity.indexOf(b.action.access) - severity.indexOf(a.action.access);

function readingOf(connector: Connector, table: Table, request: CanonicalRequest, view: View): Reading {
  if (request.upgrade !== null && connector.upgrades !== true) return null;
  const { data } = table;
  if (connector.read !== undefined) return readerOfPairs(connector.read)(view, {}, data);
  const part = connector.part?.(request.host, data);
  if (part === null) return null;
  if (typeof part === 'function') return readerOfPairs(part)(view, {}, data);
  const { tree } = part === undefined ? table : openPart(part, connector, table);
  const match = tree.match(request.method, request.path);
  const path = match && canonicalPath(connector, match.path);
  return path === null ? null : (match?.value()?.(view, path, data) ?? null);
}

/** The path parameters in the API's one spelling; null if one of them isn't described. */
function canonicalPath(
  connector: Connector,
  path: { readonly [name: string]: string },
): { readonly [name: string]: string } | null {
  if (connector.canonical === undefined) return path;
  let result: { [name: string]: string } | null = null;
  for (const name in path) {
    const value = connector.canonical(name, path[name]!);
    if (value === null) return null;
    if (value === path[name]) continue;
    result ??= Object.assign(Object.create(null), path) as { [name: string]: string };
    result[name] = value;
  }
  return result ?? path;
}

/** Put together member by member: a request that is ordinary in all of them must not pay for the others. */
type Writable<T> = { -readonly [name in keyof T]: T[name] };

function described(connector: Connector, request: CanonicalRequest, reading: Meaning): Classified {
  if (!isActionName(reading.action)) return unclassified(connector, request, ['action']);
  const { aliases, hints, cost, lookup } = reading;
  const prefixed = (name: string): string => `${connector.name}.${name}`;
  const action: Writable<Action> = {
    name: prefixed(reading.action),
    connector: connector.name,
    access: reading.access ?? accessOf(request.method),
    parameters: reading.parameters ?? {},
    unknown: reading.unknown ?? [],
  };
  if (aliases) action.aliases = aliases.map(prefixed);
  if (hints) action.hints = hints;
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
  const meaning: Writable<Classified> = { action, resource, connector, typed };
  if (lookup) {
    meaning.lookup = lookup;
    // Until they are looked up, whether a row says so or a function.
    action.unknown = [...new Set([...action.unknown, ...lookedUp(lookup)])];
  }
  if (cost) meaning.cost = cost;
  return meaning;
}
