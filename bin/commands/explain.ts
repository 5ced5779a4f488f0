/** `tf explain`: what would be decided about a request, and why. Sends nothing, records nothing. */
import type { Command } from 'commander';
import { exitCode } from '../../src/errors.js';
import type { Action, Decision, Freeze, Kill, Resource } from '../../src/model.js';
import type { LimitState } from '../../src/spending/index.js';
import { call } from '../control.js';
import { inert, json, line, styled } from '../print.js';

interface Explained {
  readonly gateway: string;
  readonly action: Action;
  readonly resource: Resource;
  /** What else the request would do. */
  readonly also?: readonly { readonly action: Action; readonly resource: Resource }[];
  readonly decision: Decision;
  readonly killed: readonly Kill[];
  /** The time that it is judged at, in UTC and as the operator's clock shows it. */
  readonly moment: {
    readonly time: string;
    readonly timezone: string;
    readonly local: string;
    readonly weekday: string;
    /** Permissions that speak of it, and don't apply then. */
    readonly not_now: readonly { readonly permission: string; readonly effect: string; readonly hours: string }[];
    readonly frozen: readonly Freeze[];
  };
  readonly counters: { readonly minute: number; readonly hour: number };
  /** False: only those since the proxy started. */
  readonly counted_whole: boolean;
  readonly flags: readonly string[];
  readonly repeats: readonly { readonly permission: string; readonly repeats: string }[];
  readonly limits: readonly (LimitState & { readonly permission: string })[];
  readonly over_limit: { readonly code: string; readonly reason: string; readonly retry_after: number | null } | null;
  /** Parameters that the proxy asks the API for when the request is made. */
  readonly looked_up: readonly string[];
}

const colour = { allow: 'green', deny: 'red', require_approval: 'yellow', defer: 'yellow' } as const;

function printAction(action: Action, resource: Resource): void {
  line(`action      ${action.name} (${[action.access, ...(action.hints ?? [])].join(', ')})`);
  if (action.aliases) line(`also        ${action.aliases.join(', ')}`);
  line(`resource    ${inert(resource.id === '' ? resource.type : `${resource.type}:${resource.id}`)}`);
  for (const [name, value] of Object.entries(action.parameters))
    line(`parameter   ${inert(name)} = ${inert(JSON.stringify(value))}`);
  if (action.unknown.length > 0) line(`unknown     ${action.unknown.map(inert).join(', ')}`);
}

/** What the decision depends on besides the request. */
function printAround({ moment, counters, flags, repeats, limits, counted_whole }: Explained): void {
  const { time, timezone, local, weekday } = moment;
  line(`judged at   ${local} ${weekday}, ${timezone} (${time})`);
  for (const { permission, effect, hours } of moment.not_now)
    line(`not now     ${permission} (${effect}) applies only ${hours}`);
  for (const { id, until, reason } of moment.frozen)
    line(`${styled('red', 'frozen')}      by ${id} until ${until}${reason === '' ? '' : `: ${inert(reason)}`}`);
  line(
    `counted     ${counters.minute} of this gateway in this minute, ${counters.hour} in this hour${counted_whole ? '' : ' since the proxy started'}, with this one (UTC)`,
  );
  if (flags.length > 0) line(`flags       ${flags.join(', ')}`);
  for (const { permission, repeats: most } of repeats)
    line(`repeats     ${permission} takes ${most} of the same in one run; counted when the request is made`);
  for (const { permission, limit, left, until } of limits)
    line(`limit       ${permission}: ${limit}, ${left} left until ${until}`);
}

/** Who must approve it, in the words of `tf approvals show`. */
const demanded = ({ demands, approvers = [], approvals = 1 }: Decision): string =>
  (demands ?? [{ approvers, approvals }])
    .map(each => `${each.approvals} of ${each.approvers.length > 0 ? each.approvers.join(' or ') : 'anybody'}`)
    .join(', and ');

async function explain(
  method: string,
  url: string,
  options: { data?: string; header: string[]; gateway: string; at?: string; grant?: string; json?: boolean },
): Promise<void> {
  const result = (await call('POST', '/explain', {
    method,
    url,
    headers: options.header,
    gateway: options.gateway,
    ...(options.data === undefined ? {} : { data: options.data }),
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(options.grant === undefined ? {} : { grant: options.grant }),
  })) as Explained;
  if (options.json) return json(result);
  const { action, resource, also = [], decision, killed } = result;
  printAction(action, resource);
  for (const part of also) {
    line();
    printAction(part.action, part.resource);
  }
  if (also.length > 0) line();
  if (result.looked_up.length > 0)
    line(`looked up   ${result.looked_up.join(', ')}: by the proxy when the request is made; unknown here`);
  line(`decision    ${styled(colour[decision.effect], decision.effect)} by ${decision.rule}`);
  line(`reason      ${inert(decision.reason)}`);
  if (decision.demands || decision.approvers || decision.approvals) line(`approvers   ${inert(demanded(decision))}`);
  printAround(result);
  if (result.limits.length === 0 && decision.limits !== undefined)
    line(`limits      those of ${decision.limits.join(', ')}: counted when the request is made`);
  if (result.over_limit !== null) {
    const { code, reason, retry_after: wait } = result.over_limit;
    line(`${styled('red', 'refused')}     ${code}: ${inert(reason)}${wait === null ? '' : ` Again in ${wait} s.`}`);
  }
  if (killed.length > 0) {
    line(`${styled('red', 'killed')}      a kill switch is active: it would be refused whatever the policy says`);
    process.exitCode = exitCode.done;
  }
}

export default function register(program: Command): void {
  program
    .command('explain <method> <url>')
    .description('what would be decided about a request; sends nothing')
    .requiredOption('--gateway <name>', 'who would ask')
    .option('-d, --data <body>', 'the body')
    .option(
      '-H, --header <line>',
      'a header field, "Name: value" (repeatable)',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .option('--grant <id>', 'under this grant, one that lives')
    .option('--at <time>', "another time than now, in the operator's time zone: 2026-12-24T12:00")
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `\nExample:\n  tf explain PUT https://api.github.com/repos/acme/site/pulls/7/merge -d '{"merge_method":"squash"}' --gateway deploy-agent`,
    )
    .action(explain);
}
