/** `tf connector`: what is known about APIs. Reads the connectors that come with Tollfence and the operator's own; asks no proxy. */
import type { Command } from 'commander';
import type { ShownRow } from '../../src/action/rows.js';
import { exitCode, Fault } from '../../src/errors.js';
import type { Connector } from '../../src/model.js';
import { home } from '../home.js';
import { inert, json, line, styled, table } from '../print.js';
import registerImport from './connector-import.js';
import { rowsOf } from './connector-rows.js';
import { checkConnectors } from './connector-test.js';

async function everyConnector(): Promise<readonly Connector[]> {
  const { allConnectors } = await import('../proxy/connectors.js');
  return allConnectors(home());
}

/** The parts of the connector with this name; a `Fault` with the names there are if there is none. */
function partsOf(connectors: readonly Connector[], name: string): readonly Connector[] {
  const parts = connectors.filter(connector => connector.name === name);
  if (parts.length > 0) return parts;
  const names = [...new Set(connectors.map(connector => connector.name))].join(', ');
  throw new Fault(exitCode.missing, `There is no connector ${JSON.stringify(name)}.`, `There are: ${names}.`);
}

const namesOf = (connectors: readonly Connector[]): readonly string[] =>
  [...new Set(connectors.map(({ name }) => name))].sort();

const hostsOf = (parts: readonly Connector[]): readonly string[] => parts.flatMap(({ hosts }) => hosts);

/** Whether each of the words occurs somewhere in a row. */
function fits(row: ShownRow, search: string): boolean {
  const text = [row.route, row.action, ...row.aliases, row.access, ...row.hints, row.resource, ...row.parameters]
    .join(' ')
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

/** Some lines each, since a table of whole APIs would be wider than any terminal. */
function printRows(rows: readonly ShownRow[]): void {
  for (const { action, access, hints, resource, route, when, aliases, parameters } of rows) {
    const how = [access ?? 'access by request', ...hints].join(',');
    line(`${styled('bold', inert(action))}  ${how}  ${inert(resource ?? 'resource by request')}`);
    line(`  ${inert(when ? `${route}  if ${JSON.stringify(when)}` : route)}`);
    if (parameters.length > 0) line(`  with ${inert(parameters.join(', '))}`);
    if (aliases.length > 0) line(`  also ${inert(aliases.join(', '))}`);
  }
}

async function list(options: { json?: boolean }): Promise<void> {
  const connectors = await everyConnector();
  const names = namesOf(connectors);
  const found = await Promise.all(
    names.map(async name => {
      const parts = partsOf(connectors, name);
      return {
        name,
        hosts: hostsOf(parts),
        configurable: parts.some(({ configurable }) => configurable === true),
        scheme: parts[0]?.credentials?.scheme ?? null,
        env: parts.flatMap(({ credentials }) => credentials?.env ?? []),
        routes: (await rowsOf(connectors, [name])).length,
      };
    }),
  );
  if (options.json) return json(found);
  const own = (configurable: boolean): string[] => (configurable ? ['your own (config.yaml)'] : []);
  table(
    ['NAME', 'ROUTES', 'SCHEME', 'VARIABLE', 'HOSTS'],
    found.map(({ name, hosts, scheme, env, routes, configurable }) => [
      name,
      String(routes),
      scheme ?? 'none',
      env[0] ?? '',
      [...hosts.slice(0, 1), ...(hosts.length > 1 ? [`${hosts.length - 1} more`] : []), ...own(configurable)].join(
        ', ',
      ),
    ]),
  );
}

async function show(name: string, options: { search?: string; json?: boolean }): Promise<void> {
  const connectors = await everyConnector();
  const parts = partsOf(connectors, name);
  const rows = (await rowsOf(connectors, [name])).filter(row => fits(row, options.search ?? ''));
  if (options.json) return json({ name, hosts: hostsOf(parts), rows });
  line(`${styled('bold', name)}  ${hostsOf(parts).join(', ')}`);
  line();
  if (rows.length > 0) printRows(rows);
  else line(`Nothing in ${name} has ${JSON.stringify(options.search)} in its route, action, resource or parameters.`);
}

async function search(words: readonly string[], options: { json?: boolean }): Promise<void> {
  const connectors = await everyConnector();
  const rows = (await rowsOf(connectors, namesOf(connectors))).filter(row => fits(row, words.join(' ')));
  if (options.json) return json(rows);
  if (rows.length === 0)
    throw new Fault(exitCode.missing, `No connector has ${JSON.stringify(words.join(' '))}.`, 'tf connector list');
  printRows(rows);
}

async function test(name: string | undefined, options: { json?: boolean }): Promise<void> {
  const results = await checkConnectors(name);
  const failed = results.flatMap(({ faults }) => faults).length;
  if (options.json) json(results);
  else
    for (const { name: one, examples: count, faults } of results) {
      line(`${faults.length === 0 ? styled('green', 'ok') : styled('red', 'failed')}  ${one}  ${count} examples`);
      for (const fault of faults) line(`  ${fault}`);
    }
  if (failed > 0) throw new Fault(exitCode.failed, `${failed} examples aren’t what they should be.`);
}

/** Adds `tf connector`. */
export default function register(program: Command): void {
  const command = program
    .command('connector')
    .description('what is known about APIs')
    .addHelpText('after', '\nExample:\n  tf connector show github --search merge');
  command
    .command('list')
    .option('--json', 'print one JSON document')
    .description('the connectors, their hosts and how many routes they describe')
    .addHelpText('after', '\nExample:\n  tf connector list')
    .action(list);
  command
    .command('show')
    .argument('<name>', 'a connector, as `tf connector list` names it')
    .option('--search <words>', 'only rows in whose route, action, resource or parameters all of these words occur')
    .option('--json', 'print one JSON document')
    .description('every action of a connector, with its access, resource and parameters')
    .addHelpText('after', '\nExample:\n  tf connector show github --search merge')
    .action(show);
  command
    .command('search')
    .argument('<words...>', 'words that all occur in a row')
    .option('--json', 'print one JSON document')
    .description('actions of all connectors')
    .addHelpText('after', '\nExample:\n  tf connector search delete branch')
    .action(search);
  registerImport(command);
  command
    .command('test')
    .argument('[name]', 'only this connector')
    .option('--json', 'print one JSON document')
    .description('classify every example of the connectors, and say which aren’t what they should be')
    .addHelpText('after', '\nExample:\n  tf connector test github')
    .action(test);
}
