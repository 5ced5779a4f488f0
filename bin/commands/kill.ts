/** `tf kill`, `tf resume`, `tf kill-switch`: any local caller may stop; only the operator may lift it again. */
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import { call } from '../control.js';
import { json, line } from '../print.js';

interface ScopeOptions {
  readonly connector?: string;
  readonly run?: string;
  readonly all?: boolean;
  readonly reason?: string;
  readonly terminate?: boolean;
  readonly json?: boolean;
}

interface Killed {
  readonly scope: { readonly kind: string; readonly name?: string };
  readonly stopped: { readonly exchanges: number; readonly tunnels: number };
  readonly runs: readonly string[];
  readonly terminated: number;
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const named = ({ kind, name }: Killed['scope']): string => (kind === 'all' ? 'Everything' : `The ${kind} ${name}`);

async function kill(gateway: string | undefined, { json: asJson, ...options }: ScopeOptions): Promise<void> {
  const result = (await call('POST', '/kill', { ...options, ...(gateway === undefined ? {} : { gateway }) })) as Killed;
  if (asJson) return json(result);
  line(
    `${named(result.scope)} is stopped: ${plural(result.stopped.exchanges, 'request')} in flight and ${plural(result.stopped.tunnels, 'open connection')} ended, ${plural(result.runs.length, 'run')} without access.`,
  );
  if (options.terminate) line(`${plural(result.terminated, 'process tree')} told to end.`);
}

async function resume(gateway: string | undefined, { json: asJson, ...options }: ScopeOptions): Promise<void> {
  const result = (await call('POST', '/resume', { ...options, ...(gateway === undefined ? {} : { gateway }) })) as {
    scope: Killed['scope'];
    active: unknown[];
  };
  if (asJson) return json(result);
  line(
    `${named(result.scope)} may go on.${result.active.length > 0 ? ` ${plural(result.active.length, 'other switch').replace('switchs', 'switches')} still active: tf status` : ''}`,
  );
}

/** `all`, `gateway:NAME`, `connector:NAME`, `run:ID`, or the bare name of a gateway. */
function parseScope(text: string): { gateway?: string; options: ScopeOptions } {
  if (text === 'all') return { options: { all: true } };
  const match = /^(gateway|connector|run):(.+)$/.exec(text);
  if (match === null && text.includes(':'))
    throw new Fault(exitCode.usage, `"${text}" is not a scope.`, 'Write all, gateway:NAME, connector:NAME or run:ID.');
  if (match === null) return { gateway: text, options: {} };
  return match[1] === 'gateway' ? { gateway: match[2]!, options: {} } : { options: { [match[1]!]: match[2]! } };
}

async function killSwitch(options: {
  activate?: boolean;
  deactivate?: boolean;
  scope: string;
  reason?: string;
  terminate?: boolean;
  json?: boolean;
}): Promise<void> {
  if (options.activate === options.deactivate)
    throw new Fault(exitCode.usage, 'Say one of --activate and --deactivate.');
  const { gateway, options: scope } = parseScope(options.scope);
  const rest = { ...scope, ...(options.json ? { json: true } : {}) };
  const { reason, terminate } = options;
  await (options.activate
    ? kill(gateway, { ...rest, ...(reason !== undefined && { reason }), ...(terminate && { terminate }) })
    : resume(gateway, rest));
}

export default function register(program: Command): void {
  program
    .command('kill [gateway]')
    .description('stop a gateway, a connector, a run or everything, now and until it is resumed')
    .option('--connector <name>', 'everything that goes to this API')
    .option('--run <id>', 'one run')
    .option('--all', 'everything')
    .option('--reason <text>', 'why; the agent and the log are told')
    .option('--terminate', 'end the process trees too')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf kill research-agent --reason "posts nonsense"')
    .action(kill);
  program
    .command('resume [gateway]')
    .description('lift a kill switch (operator)')
    .option('--connector <name>', 'that of an API')
    .option('--run <id>', 'that of one run')
    .option('--all', 'that of everything')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf resume research-agent')
    .action(resume);
  program
    .command('kill-switch')
    .description('the same two in one command')
    .option('--activate', 'stop')
    .option('--deactivate', 'let it go on (operator)')
    .requiredOption('--scope <scope>', 'all, gateway:NAME, connector:NAME or run:ID')
    .option('--reason <text>', 'why; the agent and the log are told')
    .option('--terminate', 'end the process trees too')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf kill-switch --activate --scope connector:stripe')
    .action(killSwitch);
}
