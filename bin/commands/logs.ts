/** `tf logs`: the decisions, as they were made or as they are being made. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { matchesPattern, patternFault } from '../../src/action/pattern.js';
import { exitCode, Fault } from '../../src/errors.js';
import { actionsOf, type Filter, gatewayOf, Reader, type Seen, since } from '../../src/log/index.js';
import { paths } from '../home.js';
import { inert, line, styled } from '../print.js';

/** How often a follower looks whether something was written, in milliseconds. */
const pollInterval = 200;

interface Options {
  readonly follow?: boolean;
  readonly gateway?: string;
  readonly action?: string;
  readonly effect?: string;
  readonly task?: string;
  readonly run?: string;
  readonly since?: string;
  readonly last?: string;
  readonly json?: boolean;
  readonly all?: boolean;
}

type Part = { readonly [name: string]: unknown } | null | undefined;

const effects = ['allow', 'deny', 'require_approval', 'defer'];
const colours = { allow: 'green', deny: 'red', require_approval: 'yellow', defer: 'cyan' } as const;

/** What is shown unless everything is asked for: what was decided, and what stops or keeps out. */
const isDecision = (type: string): boolean =>
  type === 'action.decided' || type === 'auth.rejected' || type.startsWith('kill.');

/** The filter that the options say. Throws `Fault` (usage) with all that is wrong with them. */
function filterFrom(options: Options): Filter {
  const faults: string[] = [];
  const { gateway, action, effect, task, run } = options;
  const fault = action === undefined ? null : patternFault(action, '.');
  if (fault !== null) faults.push(fault);
  if (effect !== undefined && !effects.includes(effect)) faults.push(`--effect is one of ${effects.join(', ')}.`);
  if (options.last !== undefined && !/^\d{1,9}$/.test(options.last)) faults.push('--last takes a number of entries.');
  let from: number | undefined;
  try {
    from = options.since === undefined ? undefined : since(options.since, Date.now());
  } catch (error) {
    faults.push(`--since: ${(error as Error).message}`);
  }
  if (faults.length > 0) throw new Fault(exitCode.usage, faults.join('\n'), 'tf logs --help shows an example.');
  return {
    ...(gateway !== undefined && { gateway }),
    ...(effect !== undefined && { effect }),
    ...(task !== undefined && { task }),
    ...(run !== undefined && { run }),
    ...(from !== undefined && { since: from }),
    ...(options.last !== undefined && { last: Number(options.last) }),
    ...(options.all !== true && { type: isDecision }),
    ...(action !== undefined && { action: (name: string) => matchesPattern(action, name, '.') }),
  };
}

const short = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`);

const parameters = (values: unknown): string =>
  Object.entries((values ?? {}) as Record<string, unknown>)
    .map(([name, value]) => `${name}=${short(typeof value === 'string' ? value : JSON.stringify(value), 40)}`)
    .join(' ');

/** Members that every entry has, or that have their own place in the line. */
const elsewhere = new Set(['v', 'seq', 'id', 'time', 'type', 'prev', 'run', 'subject', 'gateway']);

/** One entry as a line for a person: time, gateway, effect, action, resource, parameters, rule, reason. */
export function human(entry: Seen): string {
  const { action, decision, resource } = entry as { action?: Part; decision?: Part; resource?: Part };
  const shown = [styled('dim', inert(entry.time)), inert(gatewayOf(entry) ?? '-')];
  if (entry.type === 'action.decided' && decision != null) {
    const effect = String(decision.effect);
    const colour = colours[effect as keyof typeof colours] ?? 'bold';
    const about =
      resource == null ? '' : resource.id ? `${String(resource.type)}:${String(resource.id)}` : String(resource.type);
    shown.push(
      styled(colour, inert(effect)),
      styled('bold', inert(short([...new Set(actionsOf(entry))].join(', '), 160) || '-')),
      inert(about),
    );
    shown.push(
      inert(short(parameters(action?.parameters), 160)),
      styled('dim', inert(`${String(decision.rule)}: ${String(decision.reason)}`)),
    );
  } else {
    const rest = Object.fromEntries(Object.entries(entry).filter(([name]) => !elsewhere.has(name)));
    const stops = entry.type.startsWith('kill.') || entry.type.endsWith('.rejected');
    shown.push(styled(stops ? 'red' : 'cyan', inert(entry.type)), inert(short(parameters(rest), 240)));
  }
  return shown.filter(part => part !== '').join('  ');
}

async function logs(options: Options): Promise<void> {
  const filter = filterFrom(options);
  const reader = new Reader(paths().ledger);
  const show = ({ text }: { text: string }): void => line(options.json ? text : human(JSON.parse(text) as Seen));
  try {
    // Where following begins is settled first, so that nothing falls between showing and following.
    let end = reader.size();
    const begin =
      options.follow && filter.last === undefined && filter.since === undefined ? { ...filter, last: 10 } : filter;
    for (const row of reader.select(begin)) {
      show(row);
      end = Math.max(end, row.seq + 1);
    }
    const { last: _, ...following } = filter;
    for (let version = -1; options.follow; await wait(pollInterval)) {
      const current = reader.version();
      if (current === version) continue;
      version = current;
      const size = reader.size();
      for (const row of reader.select(following, end - 1)) {
        show(row);
        end = Math.max(end, row.seq + 1);
      }
      end = Math.max(end, size);
    }
  } finally {
    reader.close();
  }
}

export default function register(program: Command): void {
  program
    .command('logs')
    .description('the decisions: who, what, why, which rule')
    .option('-f, --follow', 'go on as they are made (begins with the last 10)')
    .option('--gateway <name>', 'of this gateway')
    .option('--action <pattern>', 'of these actions: github.*')
    .option('--effect <effect>', effects.join(', '))
    .option('--task <task>', 'under a grant for this task')
    .option('--run <id>', 'of this run')
    .option('--since <time>', '10m, 2h, 3d ago, or a date and time')
    .option('--last <n>', 'only the last n')
    .option('--json', 'print JSON lines: the entries, byte for byte')
    .option('--all', 'entries of every type, not only decisions')
    .addHelpText('after', '\nExample:\n  tf logs -f --gateway deploy-agent --effect deny')
    .action(logs);
}
