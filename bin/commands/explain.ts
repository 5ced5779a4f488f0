/** `tf explain`: what would be decided about a request, and why. Sends nothing, records nothing. */
import type { Command } from 'commander';
import { exitCode } from '../../src/errors.js';
import type { Action, Decision, Kill, Resource } from '../../src/model.js';
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

async function explain(
  method: string,
  url: string,
  options: { data?: string; header: string[]; gateway: string; json?: boolean },
): Promise<void> {
  const result = (await call('POST', '/explain', {
    method,
    url,
    headers: options.header,
    gateway: options.gateway,
    ...(options.data === undefined ? {} : { data: options.data }),
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
  if (decision.limits !== undefined && decision.limits.length > 0)
    line(`limits      those of ${decision.limits.join(', ')}: counted when the request is made`);
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
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `\nExample:\n  tf explain PUT https://api.github.com/repos/acme/site/pulls/7/merge -d '{"merge_method":"squash"}' --gateway deploy-agent`,
    )
    .action(explain);
}
