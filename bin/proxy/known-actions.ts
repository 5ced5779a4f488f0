/** Known actions, by name: for what an agent says that it is about to do by itself. */
import { exampleHosts, examples } from '../../connectors/examples/index.js';
import { type Catalog, openCatalog } from '../../src/action/catalog.js';
import { readExamples } from '../../src/action/examples.js';
import { lookedUp } from '../../src/action/lookup.js';
import { shownRows } from '../../src/action/rows.js';
import { Refusal } from '../../src/errors.js';
import type { Access, Action, Connector } from '../../src/model.js';
import { generated } from './generated.js';

/** What is known of an action by its name. `unknown`: what its request doesn't say, and is looked up. */
export type KnownAction = Pick<Action, 'name' | 'aliases' | 'hints' | 'connector' | 'access' | 'unknown'>;

const order: readonly Access[] = ['list', 'read', 'write', 'delete', 'permissions'];

/** Of two rows that name an action the one that says that it is worse, with the facts that either lacks. */
function worse(a: KnownAction | undefined, b: KnownAction): KnownAction {
  if (a === undefined) return b;
  const unknown = [...new Set([...a.unknown, ...b.unknown])];
  return { ...(order.indexOf(a.access) >= order.indexOf(b.access) ? a : b), unknown };
}

/** All that one connector names. */
interface Table {
  readonly actions: ReadonlyMap<string, KnownAction>;
  /** Other names, each with the actions that have it. */
  readonly aliases: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What rows say, and what is told by the request: that may be the worst. */
function tableOf(connector: string, parts: readonly Connector[]): Table {
  const actions = new Map<string, KnownAction>();
  const aliases = new Map<string, Set<string>>();
  const add = (known: KnownAction): void => {
    actions.set(known.name, worse(actions.get(known.name), known));
    for (const alias of known.aliases ?? []) aliases.set(alias, (aliases.get(alias) ?? new Set()).add(known.name));
  };
  for (const part of parts)
    for (const row of shownRows(part, part.generated ? generated(part.generated) : null)) {
      const { access, hints, lookedUp: unknown = [] } = row;
      const known = { connector, access: access ?? 'permissions', ...(hints.length > 0 && { hints }), unknown };
      if (row.access === null) for (const name of row.aliases) add({ ...known, name });
      else add({ ...known, name: row.action, ...(row.aliases.length > 0 && { aliases: row.aliases }) });
    }
  const told = new Set(actions.keys());
  for (const known of inExamples(connector, parts)) if (!told.has(known.name)) add(known);
  return { actions, aliases };
}

/** What is unknown of a request that can't be read, and not of the action. */
const ofRequests: ReadonlySet<string> = new Set([
  ...['*', 'action', 'authority', 'batch', 'body', 'impersonation', 'method', 'resource'],
]);

/** What functions name, as far as examples show it. */
function inExamples(connector: string, parts: readonly Connector[]): readonly KnownAction[] {
  const hosts = exampleHosts[connector] ?? {};
  const host = Object.values(hosts)[0] ?? parts.flatMap(part => part.hosts)[0];
  if (examples[connector] === undefined || host === undefined) return [];
  const catalog = openCatalog(parts, { generated, hosts: Object.keys(hosts).length > 0 ? { [connector]: hosts } : {} });
  return readExamples(examples[connector], host).flatMap(({ request }) => {
    const { also = [], ...first } = catalog.classify(request);
    return [first, ...also]
      .filter(({ action, typed }) => typed && action.connector === connector)
      .map(({ action: { name, aliases, hints, access, unknown }, lookup }) => ({
        ...{
          name,
          connector,
          access,
          unknown: [...lookedUp(lookup), ...unknown.filter(fact => !ofRequests.has(fact))],
        },
        ...(aliases && { aliases }),
        ...(hints && { hints }),
      }));
  });
}

/** Hosts that no connector serves: the name says the method. */
function generic(name: string): KnownAction {
  const [group, method = ''] = name.split('.');
  const access = { get: 'read', head: 'read', options: 'read', delete: 'delete', unclassified: 'permissions' } as const;
  const known = group === 'http' && Object.hasOwn(access, method) ? access[method as keyof typeof access] : 'write';
  return { name, connector: 'http', access: known, unknown: [] };
}

/**
 * Finds the action with this name, or alias; null if it is no connector's. What a connector may name, and nothing shows, may
 * be the worst. Throws `Refusal` (`malformed_request`) for another name of several actions. Reads a connector's table when it
 * is first asked for, and again when connectors have changed.
 */
export function openKnownActions(catalog: Pick<Catalog, 'list'>): (name: string) => KnownAction | null {
  let tables = new Map<string, Table>();
  let list = catalog.list();
  return name => {
    if (list !== catalog.list()) {
      tables = new Map();
      list = catalog.list();
    }
    const [connector = ''] = name.split('.', 1);
    if (connector === 'http' || connector === 'grpc') return generic(name);
    const parts = list.filter(part => part.name === connector);
    if (parts.length === 0) return null;
    const table = tables.get(connector) ?? tableOf(connector, parts);
    tables.set(connector, table);
    const { actions, aliases } = table;
    const meant = actions.has(name) ? [name] : [...(aliases.get(name) ?? [])];
    if (meant.length > 1)
      throw new Refusal('malformed_request', `${name} is another name of several actions: ${meant.join(', ')}.`, {
        next: 'Say which one is done.',
      });
    return actions.get(meant[0] ?? '') ?? { name, connector, access: 'permissions', unknown: [] };
  };
}
