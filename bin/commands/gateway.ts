/** `tf gateway`: named agent identities. A new one may do nothing. */
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import type { Gateway, Permission } from '../../src/model.js';
import { call } from '../control.js';
import { inert, json, line, styled, table } from '../print.js';

interface Shown extends Gateway {
  readonly purge_at?: string;
  readonly permissions: readonly Permission[];
  readonly secrets: readonly string[];
  readonly runs: readonly string[];
  readonly killed: boolean;
}

/** As the proxy shows it: with the time of the purge, if it was removed. */
type Listed = Gateway & { readonly purge_at?: string };

const standing = ({ removed_at, purge_at }: Listed): string =>
  removed_at === undefined ? '' : `removed, purged at ${purge_at}`;

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
  options: { description?: string; environment?: string; label: string[]; grants?: string; json?: boolean },
): Promise<void> {
  const gateway = (await call('POST', '/gateways', {
    name,
    description: options.description ?? '',
    environment: options.environment ?? '',
    labels: labels(options.label),
    ...(options.grants !== undefined && { grants: options.grants }),
  })) as Gateway;
  if (options.json) return json(gateway);
  line(
    `${gateway.name} is made. It may do nothing yet: tf permissions set --gateway ${gateway.name} --action … --effect allow`,
  );
}

async function update(name: string, options: { grants?: string; json?: boolean }): Promise<void> {
  const { grants, json: asJson } = options;
  const gateway = (await call('PUT', `/gateways/${encodeURIComponent(name)}`, {
    ...(grants && { grants }),
  })) as Gateway;
  if (asJson) return json(gateway);
  line(
    gateway.grants === 'required'
      ? `${gateway.name} may act only under a grant now: tf grant issue --gateway ${gateway.name} …`
      : `${gateway.name} may act without a grant now.`,
  );
}

async function list(options: { json?: boolean }): Promise<void> {
  const gateways = (await call('GET', '/gateways')) as Listed[];
  const removed = gateways.some(({ removed_at }) => removed_at !== undefined);
  if (options.json) return json(gateways);
  table(
    ['NAME', 'ENVIRONMENT', 'LABELS', 'CREATED', ...(removed ? ['STATE'] : []), 'DESCRIPTION'],
    gateways.map(gateway => [
      gateway.name,
      gateway.environment,
      Object.entries(gateway.labels)
        .map(pair => pair.join('='))
        .join(','),
      gateway.created_at,
      ...(removed ? [standing(gateway) || 'in use'] : []),
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
  if (gateway.grants === 'required') line('it may act only under a grant');
  if (gateway.removed_at !== undefined) line(styled('red', standing(gateway)));
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

interface Removal {
  readonly gateway: Listed;
  readonly stopped: { readonly exchanges: number; readonly tunnels: number };
  readonly runs: readonly string[];
  readonly terminated: number;
}

async function remove(name: string, options: { reason?: string; terminate?: boolean; json?: boolean }): Promise<void> {
  const { reason = '', terminate = false } = options;
  const path = `/gateways/${encodeURIComponent(name)}/remove`;
  const removal = (await call('POST', path, { reason, terminate })) as Removal;
  if (options.json) return json(removal);
  const { gateway, stopped, runs, terminated } = removal;
  line(
    `${name} is removed: ${stopped.exchanges} in flight and ${stopped.tunnels} open connections ended, ${runs.length} runs ended${terminate ? `, ${terminated} process trees told to end` : ''}.`,
  );
  line(`Until ${gateway.purge_at} all of it can be had back: tf gateway reinstate ${name}`);
}

async function reinstate(name: string, options: { json?: boolean }): Promise<void> {
  const gateway = (await call('POST', `/gateways/${encodeURIComponent(name)}/reinstate`, {})) as Gateway;
  if (options.json) return json(gateway);
  line(`${gateway.name} is in use again, with all that it had. Its runs have ended: start them anew.`);
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
    .option('--grants <required>', 'required: it may act only under a grant')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf gateway create research-agent --environment dev --label team=search')
    .action(create);
  command
    .command('update <name>')
    .description('change a gateway: whether it may act only under a grant (optional: operator)')
    .option('--grants <required|optional>', 'whether it needs a grant')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf gateway update deploy-agent --grants required')
    .action(update);
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
  command
    .command('remove <name>')
    .description('stop it now, and forget all that it has some minutes later')
    .option('--reason <text>', 'why; the log is told')
    .option('--terminate', 'end the process trees of its runs too')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf gateway remove research-agent --reason "project is over"')
    .action(remove);
  command
    .command('reinstate <name>')
    .description('take a removal back, before it is purged (operator)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf gateway reinstate research-agent')
    .action(reinstate);
}
