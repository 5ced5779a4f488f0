/** `tf defer`: actions that are done later, unless somebody takes them back. What is shown is what will be sent. */
import type { Command } from 'commander';
import type { Deferral } from '../../src/deferrals/index.js';
import { call } from '../control.js';
import { inert, json, line, styled, table } from '../print.js';

type Part = Pick<Deferral, 'action' | 'resource'>;

const partsOf = ({ action, resource, also = [] }: Deferral): readonly Part[] => [{ action, resource }, ...also];
const resource = ({ resource: { type, id } }: Part): string => (id === '' ? type : `${type}:${id}`);
const parameters = ({ action }: Part): string =>
  Object.entries(action.parameters)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ');

/** How it ended, or when it will be done. */
function outcome({ state, due_at, executed, outcome: end, cancelled }: Deferral): string {
  if (state === 'scheduled') return `at ${due_at}`;
  if (cancelled !== undefined)
    return `by ${inert(cancelled.by)} at ${cancelled.at}${cancelled.reason === '' ? '' : `: ${inert(cancelled.reason)}`}`;
  const how =
    end === undefined ? 'under way' : end.error === null ? `answered with ${end.status}` : `no answer (${end.error})`;
  return `at ${executed!.at}: ${how}`;
}

async function list(options: { json?: boolean }): Promise<void> {
  const all = (await call('GET', '/deferrals')) as Deferral[];
  if (options.json) return json(all);
  table(
    ['ID', 'STATE', 'GATEWAY', 'ACTION', 'RESOURCE', 'WHEN'],
    all.map(deferral => [
      deferral.id,
      deferral.state,
      deferral.gateway,
      [...new Set(partsOf(deferral).map(({ action }) => action.name))].join(', '),
      [...new Set(partsOf(deferral).map(resource))].join(', '),
      outcome(deferral),
    ]),
  );
}

async function show(id: string, options: { json?: boolean }): Promise<void> {
  const deferral = (await call('GET', `/deferrals/${encodeURIComponent(id)}`)) as Deferral;
  if (options.json) return json(deferral);
  const { request, gateway, run, user, why, scheduled_at, due_at } = deferral;
  line(`${styled('bold', deferral.id)}  ${deferral.state}  ${outcome(deferral)}`);
  line(`who       ${gateway} (${run}) for ${inert(user)}`);
  for (const part of partsOf(deferral)) {
    line(`what      ${part.action.name} on ${inert(resource(part))}`);
    line(`with      ${inert(parameters(part)) || '-'}`);
  }
  line(`why       ${inert(why)}`);
  line(`request   ${request.method} ${request.host}${inert(request.path)}, ${request.bytes} bytes`);
  line(`asked     ${scheduled_at}`);
  line(`due       ${due_at}`);
}

export default function register(program: Command): void {
  const command = program
    .command('defer')
    .description('actions that are done later, unless somebody takes them back')
    .addHelpText('after', '\nExample:\n  tf defer list');
  command
    .command('list')
    .description('what is scheduled, and what ended within a day')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf defer list --json')
    .action(list);
  command
    .command('show <id>')
    .description('everything that is known of one, and how it ended')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf defer show dfr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C')
    .action(show);
}
