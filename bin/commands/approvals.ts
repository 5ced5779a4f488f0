/** `tf approvals`: requests that wait for people's consent. What is shown is what will be sent. */
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Approval, Scope } from '../../src/approvals/index.js';
import { parseDuration } from '../../src/config/duration.js';
import { exitCode, Fault } from '../../src/errors.js';
import { call, Unanswered } from '../control.js';
import { inert, json, line, table } from '../print.js';
import { partsOf, resource, rowOf, stateOf, suspicious, view } from './approvals-view.js';

const at = (id: string): string => `/approvals/${encodeURIComponent(id)}`;

async function list(options: { json?: boolean }): Promise<void> {
  const all = (await call('GET', '/approvals')) as Approval[];
  if (options.json) return json(all);
  table(['ID', 'STATE', 'GATEWAY', 'ACTION', 'RESOURCE', 'PARAMETERS', 'EXPIRES'], all.map(rowOf));
}

async function show(id: string, options: { json?: boolean; reveal?: boolean }): Promise<void> {
  const approval = (await call('GET', at(id))) as Approval;
  if (options.json) json(approval);
  else view(approval, options.reveal === true);
}

/** Who answers: a registered approver, who signs; or whoever calls. */
interface SignOptions {
  readonly as?: string;
  readonly key?: string;
}

interface ApproveOptions extends SignOptions {
  readonly for?: string;
  readonly count?: string;
  readonly run?: boolean;
  readonly resource?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

/** How far a yes reaches. Throws `Fault` (usage). */
export function scopeOf({ for: time, count, run, resource }: Omit<ApproveOptions, 'reason' | 'json'>): Scope {
  const for_ms = time === undefined ? undefined : parseDuration(time);
  if (for_ms === null) throw new Fault(exitCode.usage, `"${time}" is not a duration.`, 'For example: --for 30m');
  if (count !== undefined && !/^[1-9]\d{0,5}$/.test(count))
    throw new Fault(exitCode.usage, `"${count}" is not a number of times.`, 'For example: --count 5');
  return {
    ...(for_ms !== undefined && { for_ms }),
    ...(count !== undefined && { count: Number(count) }),
    ...(run && { run: true as const }),
    ...(resource && { resource: true as const }),
  };
}

function printed(approval: Approval, asJson: boolean | undefined): void {
  if (asJson) return json(approval);
  const what = partsOf(approval).map(part =>
    suspicious(approval) ? inert(part.action.name) : `${inert(part.action.name)} on ${resource(part)}`,
  );
  line(`${approval.id} is ${stateOf(approval)}: ${what.join(', ')} for ${approval.gateway}.`);
}

/** The answer's signature, if an approver gives it; what he signs is shown first. */
async function signedBy(
  { as: name, key, json: asJson }: SignOptions & { readonly json?: boolean },
  id: string,
  verdict: 'granted' | 'refused',
  scope: Scope,
): Promise<object> {
  if (name === undefined) return {};
  const approval = (await call('GET', at(id))) as Approval;
  if (!asJson) view(approval, false);
  const { signAnswer } = await import('../approver/sign.js');
  return { signed: await signAnswer(approval, verdict, scope, name, key) };
}

async function approve(id: string, options: ApproveOptions): Promise<void> {
  const scope = scopeOf(options);
  const answer = { reason: options.reason ?? '', scope, ...(await signedBy(options, id, 'granted', scope)) };
  printed((await call('POST', `${at(id)}/approve`, answer)) as Approval, options.json);
}

async function deny(id: string, options: SignOptions & { reason?: string; json?: boolean }): Promise<void> {
  const answer = { reason: options.reason ?? '', ...(await signedBy(options, id, 'refused', {})) };
  printed((await call('POST', `${at(id)}/deny`, answer)) as Approval, options.json);
}

/** Longest time that one proxy takes to follow another, in milliseconds. */
const succession = 5_000;

/** The approval once it is answered, or `limit` milliseconds (0: any number) are over. Where a proxy ends, the next one is asked; none is started. */
async function settled(id: string, limit: number): Promise<Approval> {
  const end = limit === 0 ? Number.POSITIVE_INFINITY : performance.now() + limit;
  let lost: number | null = null;
  for (;;) {
    const left = limit === 0 ? 0 : Math.max(1, Math.ceil(end - performance.now()));
    try {
      return (await call('GET', `${at(id)}/wait?timeout=${left}`, undefined, { start: lost === null })) as Approval;
    } catch (error) {
      const now = performance.now();
      if (error instanceof Unanswered) lost = now;
      else if (lost === null || !(error instanceof Fault) || error.exit !== exitCode.unreachable) throw error;
      if (now >= end || now - lost > succession) throw error;
      await setTimeout(100);
    }
  }
}

/** Ends with 0 if it was granted, 3 if it was refused, 1 if nobody answered. */
async function wait(id: string, options: { timeout?: string; json?: boolean }): Promise<void> {
  const limit = options.timeout === undefined ? 0 : parseDuration(options.timeout);
  if (limit === null)
    throw new Fault(exitCode.usage, `"${options.timeout}" is not a duration.`, 'For example: --timeout 10m');
  const approval = await settled(id, limit);
  printed(approval, options.json);
  const { state } = approval;
  process.exitCode =
    state === 'granted' || state === 'redeemed'
      ? exitCode.done
      : state === 'refused'
        ? exitCode.refused
        : exitCode.failed;
}

const example = 'apr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C';

export default function register(program: Command): void {
  const command = program
    .command('approvals')
    .description('requests that wait for a human')
    .addHelpText('after', '\nExample:\n  tf approvals list');
  command
    .command('list')
    .description('what waits, what stands, and what was answered lately')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf approvals list')
    .action(list);
  command
    .command('show <id>')
    .description('everything that an approver should know')
    .option('--reveal', 'also what is hidden because it seems to be written to sway its reader')
    .option('--json', 'print one JSON document; hides nothing')
    .addHelpText('after', `\nExample:\n  tf approvals show ${example}`)
    .action(show);
  command
    .command('approve <id>')
    .description('let exactly this request through, once, or as far as is said (operator, or a registered approver)')
    .option('--for <time>', 'the identical request, as often as it is sent, for this time')
    .option('--count <n>', 'the identical request so many times')
    .option('--run', 'only in this run, while it lives')
    .option('--resource', 'the same action on the same resource, whatever its parameters and body are')
    .option('--as <name>', 'sign it as this approver')
    .option('--key <file>', "the approver's private key, if it is not where tf approver add puts it")
    .option('--reason <text>')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  tf approvals approve ${example} --count 5 --for 30m --reason "as agreed"`)
    .action(approve);
  command
    .command('deny <id>')
    .alias('revoke')
    .description('refuse it, or take back what was approved and still stands')
    .option('--as <name>', 'sign it as this approver')
    .option('--key <file>', "the approver's private key, if it is not where tf approver add puts it")
    .option('--reason <text>', 'the agent is told')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  tf approvals deny ${example} --reason "not on fridays"`)
    .action(deny);
  command
    .command('wait <id>')
    .description(
      'wait until it is answered: ends with 0 (granted), 3 (refused), 1 (nobody answered, or it was cancelled)',
    )
    .option('--timeout <time>', 'so long at most')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  tf approvals wait ${example} --timeout 10m`)
    .action(wait);
}
