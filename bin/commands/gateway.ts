/** `tf gateway`: named agent identities. A new one may do nothing. */
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import type { Gateway, Permission } from '../../src/model.js';
import { call } from '../control.js';
import { inert, json, line, styled, table } from '../print.js';

interface Shown extends Gateway {
  readonly permissions: readonly Permission[];
  readonly secrets: readonly string[];
  readonly runs: readonly string[];
  readonly killed: boolean;
}

function labels(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map(pair => {
      const equals = pair.indexOf('=');
      if (equals < 1) throw new Fault(exitCode.usage, `"${pair}" is not a label: write NAME=VALUE.`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

async function create(
  name: string,
  options: { description?: string; environment?: string; label: string[]; json?: boolean },
): Promise<void> {
  const gateway = (await call('POST', '/gateways', {
    name,
    description: options.description ?? '',
    environment: options.environment ?? '',
    labels: labels(options.label),
  })) as Gateway;
  if (options.json) return json(gateway);
  line(
    `${gateway.name} is made. It may do nothing yet: tf permissions set --gateway ${gateway.name} --action … --effect allow`,
  );
}

async function list(options: { json?: boolean }): Promise<void> {
  const gateways = (await call('GET', '/gateways')) as Gateway[];
  if (options.json) return json(gateways);
  table(
    ['NAME', 'ENVIRONMENT', 'LABELS', 'CREATED', 'DESCRIPTION'],
    gateways.map(gateway => [
      gateway.name,
      gateway.environment,
      Object.entries(gateway.labels)
        .map(pair => pair.join('='))
        .join(','),
      gateway.created_at,
      gateway.description,
    ]),
  );
}

async function show(name: string, options: { json?: boolean }): Promise<void> {
  const gateway = (await call('GET', `/gateways/${encodeURIComponent(name)}`)) as Shown;
  if (options.json) return json(gateway);
  line(
    `${styled('bold', gateway.name)}${gateway.killed ? styled('red', '  killed') : ''}  ${inert(gateway.description)}`,
  );
  line(`environment ${inert(gateway.environment) || '-'}, made ${gateway.created_at}`);
  line(`secrets: ${gateway.secrets.join(', ') || 'none'}; runs: ${gateway.runs.join(', ') || 'none'}`);
  line();
  table(
    ['PERMISSION', 'EFFECT', 'ACTION', 'RESOURCE', 'WHERE'],
    gateway.permissions.map(({ id, effect, action, resource, where }) => [
      id,
      effect,
      action,
      resource ?? '*',
      where ?? '',
    ]),
  );
}

const collect = (value: string, all: string[]): string[] => [...all, value];

export default function register(program: Command): void {
  const command = program
    .command('gateway')
    .description('named agent identities')
    .addHelpText('after', '\nExample:\n  tf gateway create research-agent');
  command
    .command('create <name>')
    .description('make a gateway; it may do nothing until permissions are set')
    .option('--description <text>')
    .option('--environment <name>', 'for example prod')
    .option('--label <name=value>', 'repeatable', collect, [])
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf gateway create research-agent --environment dev --label team=search')
    .action(create);
  command
    .command('list')
    .description('all gateways')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf gateway list --json')
    .action(list);
  command
    .command('show <name>')
    .description('a gateway with its permissions, secrets and runs')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf gateway show research-agent')
    .action(show);
}
