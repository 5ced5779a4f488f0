#!/usr/bin/env node
/** The front door: finds the command, loads only what it needs, and turns faults into sentences and exit codes. */
import { Command, CommanderError } from 'commander';
import { exitCode, Fault } from '../src/errors.js';
import { problem } from './print.js';
import { version } from './version.js';

/** Every command by its name, for whoever completes words. */
interface All {
  readonly names: readonly string[];
  load(name: string): Promise<Command | undefined>;
}

type Register = (program: Command, behind?: readonly string[] | null, all?: All) => void;

/** Every command: one line for the overview, and where it lives. */
const commands: Readonly<
  Record<string, { readonly about: string; readonly load: () => Promise<{ default: Register }> }>
> = {
  run: { about: 'run an agent behind its gateway', load: () => import('./commands/run.js') },
  serve: { about: 'run the proxy in the foreground', load: () => import('./commands/serve.js') },
  status: { about: 'what runs, what is killed, what waits', load: () => import('./commands/status.js') },
  stop: { about: 'end the background proxy', load: () => import('./commands/status.js') },
  gateway: { about: 'named agent identities', load: () => import('./commands/gateway.js') },
  permissions: { about: 'what a gateway may do', load: () => import('./commands/permissions.js') },
  freeze: { about: 'times in which nothing is changed', load: () => import('./commands/freeze.js') },
  secret: { about: 'credentials, write-only', load: () => import('./commands/secret.js') },
  key: { about: 'the keys with which the proxy signs for a gateway', load: () => import('./commands/key.js') },
  connector: { about: 'what is known about APIs', load: () => import('./commands/connector.js') },
  policy: { about: 'Rego in, WebAssembly out', load: () => import('./commands/policy.js') },
  grant: { about: 'short-lived authority for one task', load: () => import('./commands/grant.js') },
  explain: { about: 'what would be decided about a request', load: () => import('./commands/explain.js') },
  approvals: { about: 'requests that wait for a human', load: () => import('./commands/approvals.js') },
  approver: { about: 'people who sign what they approve', load: () => import('./commands/approver.js') },
  defer: { about: 'actions that are done later', load: () => import('./commands/defer.js') },
  undo: { about: 'take a deferred action back', load: () => import('./commands/undo.js') },
  kill: { about: 'stop a gateway, a connector, a run or everything', load: () => import('./commands/kill.js') },
  resume: { about: 'lift a kill switch', load: () => import('./commands/kill.js') },
  'kill-switch': { about: 'the same two in one command', load: () => import('./commands/kill.js') },
  logs: { about: 'the decisions', load: () => import('./commands/logs.js') },
  audit: { about: 'evidence: verify, show, export', load: () => import('./commands/audit.js') },
  ca: { about: 'the certificate authority of this installation', load: () => import('./commands/ca.js') },
  completion: { about: 'completion for bash, zsh and fish', load: () => import('./commands/completion.js') },
};

const all: All = {
  names: Object.keys(commands),
  async load(name) {
    const program = new Command('tf');
    if (Object.hasOwn(commands, name)) (await commands[name]!.load()).default(program);
    return program.commands.find(command => command.name() === name);
  },
};

function overview(program: Command): void {
  for (const [name, { about }] of Object.entries(commands)) program.command(name).description(about);
  program.addHelpText(
    'after',
    '\nExample:\n  tf run -- research-agent python agent.py\n\nMore about a command:\n  tf COMMAND --help',
  );
}

/** Usage errors of commander end with the contract's code, whatever commander thinks. */
function strict(command: Command, path = command.name()): void {
  command.exitOverride();
  // "(default: [])" tells nobody anything; the value itself is set already.
  for (const option of command.options) if (option.defaultValue?.length === 0) option.defaultValue = undefined;
  command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'error: ')) });
  command.showHelpAfterError(`(${path} --help shows how)`);
  for (const child of command.commands) strict(child, `${path} ${child.name()}`);
}

async function main(words: readonly string[]): Promise<void> {
  // `tf help run` is `tf run --help`: only that loads the command with its options and its example.
  const asked = words[0] === 'help' && Object.hasOwn(commands, words[1] ?? '');
  const argv = asked ? [...words.slice(1), '--help'] : words;
  const program = new Command('tf')
    .description('The gate between an AI agent and the APIs it uses.')
    .version(version(), '--version');
  const [name] = argv;
  // What the scripts of completion ask is no command for people.
  const listed = name === 'complete' ? 'completion' : name;
  const known = listed !== undefined && Object.hasOwn(commands, listed) ? commands[listed] : undefined;
  // What stands behind "--" belongs to the agent, whatever it looks like.
  const dashes = name === 'run' ? argv.indexOf('--') : -1;
  const own = dashes < 0 ? argv : argv.slice(0, dashes);
  if (known === undefined) overview(program);
  else (await known.load()).default(program, dashes < 0 ? null : argv.slice(dashes + 1), all);
  strict(program);
  if (name === undefined) return program.outputHelp();
  if (known === undefined && !name.startsWith('-') && name !== 'help')
    throw new Fault(exitCode.usage, `There is no command "${name}".`, 'tf --help lists them.');
  await program.parseAsync([...own], { from: 'user' });
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has enough (tf logs | head).
  if (error.code === 'EPIPE') process.exit(exitCode.done);
  problem(`The output can't be written (${error.code ?? 'unknown'}).`);
  process.exit(exitCode.failed);
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Fault) {
    problem(error.message, error.hint);
    process.exit(error.exit);
  } else if (error instanceof CommanderError) {
    const usage = process.argv[2] === 'run' ? 125 : exitCode.usage;
    process.exit(error.exitCode === 0 ? exitCode.done : usage);
  } else {
    problem(
      `tf failed: ${error instanceof Error ? error.message : String(error)}`,
      'This is a fault in Tollfence; TF_DEBUG=1 shows where.',
    );
    if (process.env.TF_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exit(process.argv[2] === 'run' ? 125 : exitCode.failed);
  }
}
