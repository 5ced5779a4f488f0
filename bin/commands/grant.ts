/** `tf grant`: short-lived authority for one task. It only ever takes away from what a gateway may do. */
import type { Command } from 'commander';
import type { GrantState } from '../../src/identity/grants.js';
import { call } from '../control.js';
import { inert, json, line, note, table } from '../print.js';

/** What `POST /grants` answers: `exp` in seconds since the epoch. */
interface Issued {
  readonly token: string;
  readonly exp: number;
  readonly jti: string;
  readonly grant: GrantState;
}

interface IssueOptions {
  readonly gateway?: string;
  readonly task?: string;
  readonly action: string[];
  readonly resource: string[];
  readonly ttl?: string;
  readonly json?: boolean;
}

/** The token that this process has for the proxy, when it stands inside a run. */
function ownToken(): string | undefined {
  const { TF_RUN, HTTPS_PROXY = process.env.https_proxy } = process.env;
  if (!TF_RUN || HTTPS_PROXY === undefined || !URL.canParse(HTTPS_PROXY)) return undefined;
  return decodeURIComponent(new URL(HTTPS_PROXY).password) || undefined;
}

async function issue({ gateway, task, action, resource, ttl, json: asJson }: IssueOptions): Promise<void> {
  const token = ownToken();
  const issued = (await call('POST', '/grants', {
    ...(gateway !== undefined && { gateway }),
    ...(task !== undefined && { task }),
    actions: action,
    resources: resource,
    ...(ttl !== undefined && { ttl }),
    ...(token !== undefined && { token }),
  })) as Issued;
  if (asJson) return json(issued);
  // Nothing but the token: scripts take it as it is.
  line(issued.token);
  note(`tollfence: ${issued.jti} for ${issued.grant.gateway} ends at ${issued.grant.expires_at}`);
}

async function list({
  gateway,
  all,
  json: asJson,
}: {
  gateway?: string;
  all?: boolean;
  json?: boolean;
}): Promise<void> {
  const query = new URLSearchParams({ ...(gateway !== undefined && { gateway }), ...(all && { all: 'true' }) });
  const grants = (await call('GET', `/grants?${query}`)) as readonly GrantState[];
  if (asJson) return json(grants);
  table(
    ['GRANT', 'GATEWAY', 'STATE', 'ENDS', 'TASK', 'ACTIONS', 'RESOURCES'],
    grants.map(grant => [
      grant.id,
      grant.gateway,
      grant.state,
      grant.ended_at ?? grant.expires_at,
      inert(grant.task),
      grant.actions.join(','),
      grant.resources.join(',') || '*',
    ]),
  );
}

async function revoke(id: string, { json: asJson }: { json?: boolean }): Promise<void> {
  const { revoked } = (await call('DELETE', `/grants/${encodeURIComponent(id)}`)) as {
    revoked: readonly GrantState[];
  };
  if (asJson) return json(revoked);
  const below = revoked.length - 1;
  line(`${id} is revoked${below > 0 ? `, and ${below} below it` : ''}.`);
}

const collect = (value: string, all: string[]): string[] => [...all, value];

export default function register(program: Command): void {
  const command = program
    .command('grant')
    .description('short-lived authority for one task')
    .addHelpText('after', '\nExample:\n  tf grant list --gateway deploy-agent');
  command
    .command('issue')
    .description('issue a grant, and print its token (operator; inside a run, only under what that run has)')
    .option('--gateway <name>', 'for whom; inside a run, its own')
    .option('--task <text>', 'what for, in words')
    .option('--action <pattern>', 'what may be done (repeatable)', collect, [])
    .option('--resource <pattern>', 'with what; any if none is named (repeatable)', collect, [])
    .option('--ttl <time>', 'for how long: 30s, 5m, 2h; at most 24h (default: 5m)')
    .option('--json', 'print one JSON document: token, exp, jti, grant')
    .addHelpText(
      'after',
      "\nExample:\n  tf grant issue --gateway deploy-agent --task 'merge pull request 7' --action github.pr.merge --resource repo:acme/site --ttl 10m",
    )
    .action(issue);
  command
    .command('list')
    .description('the grants that live')
    .option('--gateway <name>', 'of this gateway')
    .option('--all', 'those as well that ended within a day')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf grant list --gateway deploy-agent --json')
    .action(list);
  command
    .command('revoke <id>')
    .description('end a grant, and all under it; what is under way is stopped')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf grant revoke gr_01JD5X0Q2M3N4P5R6S7T8V9W0X')
    .action(revoke);
}
