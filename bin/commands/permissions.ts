/**
 * `tf permissions`: what a gateway may do, without Rego. The proxy checks what is set here and tells all faults at once.
 */
import type { Command } from 'commander';
import type { Permission } from '../../src/model.js';
import type { LimitState } from '../../src/spending/index.js';
import { json, line, note, table } from '../print.js';

/** A permission as the proxy shows it: with what is left of its limits. */
type Shown = Permission & { readonly limits?: readonly LimitState[] };

interface SetOptions {
  readonly gateway: string;
  readonly action: string;
  readonly effect: string;
  readonly resource?: string;
  readonly where?: string;
  readonly reason?: string;
  readonly rate?: readonly string[];
  readonly budget?: readonly string[];
  readonly hours?: readonly string[];
  readonly repeats?: string;
  readonly approver?: readonly string[];
  readonly approvers?: string;
  readonly json?: boolean;
}

/** Adds `tf permissions`. */
export default function permissions(program: Command): void {
  const command = program
    .command('permissions')
    .description('what a gateway may do')
    .addHelpText('after', '\nExample:\n  tf permissions list --gateway research-agent');

  command
    .command('set')
    .requiredOption('--gateway <name>', 'whose permission it is')
    .requiredOption('--action <pattern>', 'actions by segments of `.`: github.issue.create, github.*')
    .requiredOption('--effect <effect>', 'allow, deny, require_approval or defer')
    .option('--resource <pattern>', 'resources by segments of `/`: repo:acme/site, repo:acme/*')
    .option('--where <expression>', 'conditions on parameters: \'amount > 1000 and currency == "eur"\'')
    .option('--rate <limit>', 'how often: 10/min; also /s, /hour, /day (repeatable)', more)
    .option(
      '--budget <limit>',
      "what it may spend: 'usd 20/day', 'tokens 100000/day'; also /min, /hour, /month (repeatable)",
      more,
    )
    .option(
      '--hours <times>',
      "when it applies: 'mon-fri 09:00-17:00 Europe/Berlin', 'sat,sun 00:00-24:00', '22:00-06:00' (repeatable)",
      more,
    )
    .option('--repeats <limit>', 'so many identical requests of a run are no loop: 5/min; also /hour')
    .option('--approver <name>', 'who may approve it, also role:NAME (repeatable)', more)
    .option('--approvers <number>', 'how many different people must approve it')
    .option('--reason <text>', 'a sentence that whoever is refused will read')
    .option('--json', 'print one JSON document')
    .description('add a permission; deny beats all, then the most specific pattern, then the stricter effect')
    .addHelpText(
      'after',
      `\nExample:\n  tf permissions set --gateway billing --action stripe.charge.create --effect require_approval --where 'amount > 1000'\n  tf permissions set --gateway writer --action 'openai.*' --effect allow --rate 10/min --budget 'usd 20/day'\n  tf permissions set --gateway deploy --action 'github.pr.merge' --effect allow --hours 'mon-fri 09:00-17:00 Europe/Berlin'`,
    )
    .action(async ({ json: asJson, approver, approvers, ...fields }: SetOptions) => {
      const permission = (await request('POST', '/permissions', {
        ...fields,
        ...(approver !== undefined && { approvers: approver }),
        ...(approvers !== undefined && { approvals: /^\d+$/.test(approvers) ? Number(approvers) : approvers }),
      })) as Permission;
      if (asJson) json(permission);
      else line(`${permission.id}  ${sentence(permission)}`);
      if (asJson) return;
      const doubts = [
        await (await import('./unknown-action.js')).unknownAction(fields.action),
        await (await import('./unknown-approver.js')).unknownApprover(permission),
      ];
      for (const doubt of doubts) if (doubt !== null) note(`note: ${doubt}`);
    });

  command
    .command('list')
    .option('--gateway <name>', 'only of this gateway')
    .option('--json', 'print one JSON document')
    .description('the permissions, in the order in which they were set')
    .addHelpText('after', '\nExample:\n  tf permissions list --gateway billing')
    .action(async (options: { gateway?: string; json?: boolean }) => {
      const all = (await request('GET', '/permissions')) as readonly Shown[];
      const shown = all.filter(({ gateway }) => options.gateway === undefined || gateway === options.gateway);
      if (options.json) return json(shown);
      const limited = shown.some(({ limits }) => limits !== undefined);
      const special = shown.some(permission => besides(permission).length > 0);
      table(
        [
          'ID',
          'GATEWAY',
          'EFFECT',
          'ACTION',
          'RESOURCE',
          'WHERE',
          ...(limited ? ['LIMITS'] : []),
          ...(special ? ['BESIDES'] : []),
          'REASON',
        ],
        shown.map(permission => {
          const { id, gateway, effect, action, resource, where, limits = [], reason } = permission;
          return [
            ...[id, gateway, effect, action, resource ?? '*', where ?? ''],
            ...(limited ? [limits.map(({ limit, left }) => `${limit} (${left} left)`).join(', ')] : []),
            ...(special ? [besides(permission).join('; ')] : []),
            reason,
          ];
        }),
      );
    });

  command
    .command('remove')
    .argument('<id>', 'as `tf permissions list` prints it')
    .option('--json', 'print one JSON document')
    .description('take a permission away, for the next request')
    .addHelpText('after', '\nExample:\n  tf permissions remove perm_7')
    .action(async (id: string, options: { json?: boolean }) => {
      await request('DELETE', `/permissions/${encodeURIComponent(id)}`);
      if (options.json) json({ removed: id });
      else line(`Removed ${id}.`);
    });
}

/** When it applies, what makes it doubtful, and who must approve it. */
const besides = ({ hours, repeats, approvers = [], approvals = 1 }: Permission): string[] => [
  ...(hours === undefined ? [] : [hours]),
  ...(repeats === undefined ? [] : [`the same ${repeats}`]),
  ...(approvers.length === 0 ? [] : [`approved by ${approvers.join(' or ')}`]),
  ...(approvals === 1 ? [] : [`${approvals} approvers`]),
];

function sentence(permission: Permission): string {
  const { effect, action, gateway, resource, where, rate = [], budget = [] } = permission;
  const about = `${resource === null ? '' : ` on ${resource}`}${where === null ? '' : ` where ${where}`}`;
  return [`${effect} ${action}${about} for ${gateway}`, ...rate, ...budget, ...besides(permission)].join(', ');
}

/** Collects an option that may be given several times. */
const more = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

async function request(method: string, path: string, body?: unknown): Promise<unknown> {
  const { call } = await import('../control.js');
  return call(method, path, body);
}
