/** `tf connector`: what is known about APIs. Reads the connectors that come with Tollfence; asks no proxy. */
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import type { Connector, Route, RouteRow } from '../../src/model.js';
import { json, line, styled, table } from '../print.js';

/** One row as people look for it. */
interface Described {
  readonly route: string;
  readonly action: string;
  readonly access: string;
  readonly resource: string;
  readonly parameters: readonly string[];
  readonly when?: RouteRow['when'];
}

const accessOf = (method: string): string => (method === 'GET' ? 'read' : method === 'DELETE' ? 'delete' : 'write');

/** The rows of a route; a function is one row whose action is only known request by request. */
function rowsOf(connector: Connector, key: string, route: Route): readonly Described[] {
  const method = key.split(' ', 1)[0]!;
  if (typeof route === 'function') {
    return [
      { route: key, action: `${connector.name}.…`, access: 'by request', resource: 'by request', parameters: [] },
    ];
  }
  const rows: readonly RouteRow[] = Array.isArray(route) ? route : [route as RouteRow];
  return rows.map(row => ({
    route: key,
    action: `${connector.name}.${row.action}`,
    access: row.access ?? accessOf(method),
    resource: row.resource ?? `host:${connector.hosts[0]}`,
    parameters: [...Object.keys(row.parameters ?? {}), ...Object.keys(row.lookup?.parameters ?? {})],
    ...(row.when && { when: row.when }),
  }));
}

const allRows = (parts: readonly Connector[]): readonly Described[] =>
  parts.flatMap(part => Object.entries(part.routes).flatMap(([key, route]) => rowsOf(part, key, route)));

/** The parts of the connector with this name; a `Fault` with the names there are if there is none. */
function partsOf(connectors: readonly Connector[], name: string): readonly Connector[] {
  const parts = connectors.filter(connector => connector.name === name);
  if (parts.length > 0) return parts;
  const names = [...new Set(connectors.map(connector => connector.name))].join(', ');
  throw new Fault(exitCode.missing, `There is no connector ${JSON.stringify(name)}.`, `There are: ${names}.`);
}

const hostsOf = (parts: readonly Connector[]): readonly string[] => parts.flatMap(({ hosts }) => hosts);

/** Adds `tf connector`. */
export default function connector(program: Command): void {
  const command = program
    .command('connector')
    .description('what is known about APIs')
    .addHelpText('after', '\nExample:\n  tf connector show github --search branch');

  command
    .command('list')
    .option('--json', 'print one JSON document')
    .description('the connectors, their hosts and how many routes they describe')
    .addHelpText('after', '\nExample:\n  tf connector list')
    .action(async (options: { json?: boolean }) => {
      const { connectors } = await import('../../connectors/index.js');
      const names = [...new Set(connectors.map(({ name }) => name))];
      const list = names.map(name => {
        const parts = partsOf(connectors, name);
        const env = parts.flatMap(({ credentials }) => credentials?.env ?? []);
        return {
          name,
          hosts: hostsOf(parts),
          scheme: parts[0]?.credentials?.scheme ?? null,
          env,
          routes: allRows(parts).length,
        };
      });
      if (options.json) return json(list);
      const rows = list.map(({ name, hosts, scheme, env, routes }) => [
        name,
        String(routes),
        scheme ?? 'none',
        env[0] ?? '',
        hosts.join(', '),
      ]);
      table(['NAME', 'ROUTES', 'SCHEME', 'VARIABLE', 'HOSTS'], rows);
    });

  command
    .command('show')
    .argument('<name>', 'a connector, as `tf connector list` names it')
    .option('--search <word>', 'only rows in whose route, action or parameters this occurs')
    .option('--json', 'print one JSON document')
    .description('every action of a connector, with its access, resource and parameters')
    .addHelpText('after', '\nExample:\n  tf connector show github --search branch')
    .action(async (name: string, options: { search?: string; json?: boolean }) => {
      const { connectors } = await import('../../connectors/index.js');
      const parts = partsOf(connectors, name);
      const word = (options.search ?? '').toLowerCase();
      const rows = allRows(parts).filter(row =>
        `${row.route} ${row.action} ${row.access} ${row.parameters.join(' ')}`.toLowerCase().includes(word),
      );
      if (options.json) return json({ name, hosts: hostsOf(parts), rows });
      line(`${styled('bold', name)}  ${hostsOf(parts).join(', ')}`);
      line();
      table(
        ['ACTION', 'ACCESS', 'RESOURCE', 'PARAMETERS', 'ROUTE'],
        rows.map(({ action, access, resource, parameters, route, when }) => [
          action,
          access,
          resource,
          parameters.join(','),
          when ? `${route}  if ${JSON.stringify(when)}` : route,
        ]),
      );
    });

  command
    .command('test')
    .argument('[name]', 'only this connector')
    .option('--json', 'print one JSON document')
    .description('classify every example of the connectors, and say which aren’t what they should be')
    .addHelpText('after', '\nExample:\n  tf connector test github')
    .action(async (name: string | undefined, options: { json?: boolean }) => {
      const { connectors } = await import('../../connectors/index.js');
      const { examples } = await import('../../connectors/examples/index.js');
      const { openCatalog } = await import('../../src/action/catalog.js');
      const { checkExamples, readExamples } = await import('../../src/action/examples.js');
      const catalog = openCatalog(connectors);
      const names = name === undefined ? [...new Set(connectors.map(one => one.name))] : [name];
      const results = names.map(one => {
        const list = readExamples(examples[one] ?? '', partsOf(connectors, one)[0]!.hosts[0]!);
        return { name: one, examples: list.length, faults: checkExamples(catalog, list) };
      });
      const failed = results.flatMap(({ faults }) => faults).length;
      if (options.json) json(results);
      else
        for (const { name: one, examples: count, faults } of results) {
          line(`${faults.length === 0 ? styled('green', 'ok') : styled('red', 'failed')}  ${one}  ${count} examples`);
          for (const fault of faults) line(`  ${fault}`);
        }
      if (failed > 0) throw new Fault(exitCode.failed, `${failed} examples aren’t what they should be.`);
    });
}
