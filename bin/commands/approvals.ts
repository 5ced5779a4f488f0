/** `tf approvals`: requests that wait for a human. What is shown is what will be sent. */
import type { Command } from 'commander';
import type { Approval } from '../../src/approvals/index.js';
import { call } from '../control.js';
import { inert, json, line, styled, table } from '../print.js';

type Part = Pick<Approval, 'action' | 'resource'>;

/** Everything that the request would do: who approves it approves all of that. */
const partsOf = ({ action, resource, also = [] }: Approval): readonly Part[] => [{ action, resource }, ...also];

const parameters = ({ action }: Part): string =>
  Object.entries(action.parameters)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ');
const resource = ({ resource: { type, id } }: Part): string => (id === '' ? type : `${type}:${id}`);

async function list(options: { json?: boolean }): Promise<void> {
  const all = (await call('GET', '/approvals')) as Approval[];
  if (options.json) return json(all);
  table(
    ['ID', 'STATE', 'GATEWAY', 'ACTION', 'RESOURCE', 'PARAMETERS', 'EXPIRES'],
    all.map(approval => [
      approval.id,
      approval.state,
      approval.gateway,
      partsOf(approval)
        .map(({ action }) => action.name)
        .join(', '),
      [...new Set(partsOf(approval).map(resource))].join(', '),
      partsOf(approval).map(parameters).filter(Boolean).join(', '),
      approval.expires_at,
    ]),
  );
}

async function show(id: string, options: { json?: boolean }): Promise<void> {
  const approval = (await call('GET', `/approvals/${encodeURIComponent(id)}`)) as Approval;
  if (options.json) return json(approval);
  line(`${styled('bold', approval.id)}  ${approval.state}`);
  line(`who       ${approval.gateway} (${approval.run}) for ${inert(approval.subject.user.sub)}`);
  for (const part of partsOf(approval)) {
    const { name, access, hints = [], unknown } = part.action;
    line(`what      ${name} (${[access, ...hints].join(', ')}) on ${inert(resource(part))}`);
    line(`with      ${inert(parameters(part)) || '-'}`);
    if (unknown.length > 0) line(`unknown   ${inert(unknown.join(', '))}`);
  }
  line(`why       ${inert(approval.why)}`);
  line(`request   ${approval.request.method} ${approval.request.host}${inert(approval.request.path)}`);
  line(`bound to  ${approval.binding}`);
  line(`until     ${approval.expires_at}`);
  if (approval.by !== null)
    line(`answered  by ${inert(approval.by)}${approval.reason ? `: ${inert(approval.reason)}` : ''}`);
}

const answer =
  (verb: 'approve' | 'deny') =>
  async (id: string, options: { reason?: string; json?: boolean }): Promise<void> => {
    const approval = (await call('POST', `/approvals/${encodeURIComponent(id)}/${verb}`, {
      reason: options.reason ?? '',
    })) as Approval;
    if (options.json) return json(approval);
    line(
      `${approval.id} is ${approval.state}: ${partsOf(approval)
        .map(part => `${part.action.name} on ${inert(resource(part))}`)
        .join(', ')} for ${approval.gateway}.`,
    );
  };

export default function register(program: Command): void {
  const command = program
    .command('approvals')
    .description('requests that wait for a human')
    .addHelpText('after', '\nExample:\n  tf approvals list');
  command
    .command('list')
    .description('what waits, and what was answered lately')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf approvals list')
    .action(list);
  command
    .command('show <id>')
    .description('everything that an approver should know')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf approvals show apr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C')
    .action(show);
  command
    .command('approve <id>')
    .description('let exactly this request through, once (operator)')
    .option('--reason <text>')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf approvals approve apr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C --reason "as agreed"')
    .action(answer('approve'));
  command
    .command('deny <id>')
    .description('refuse it')
    .option('--reason <text>', 'the agent is told')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf approvals deny apr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C --reason "not on fridays"')
    .action(answer('deny'));
}
