/** `tf run`: an agent behind its gateway. Nothing of ours is on its stdout; on stderr only what was asked for, or when something is wrong. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import { call } from '../control.js';
import { note } from '../print.js';
import { follow, startChild, terminate } from '../run/child.js';
import { notStarted, readCommandLine, refuseProgramAsName } from '../run/command-line.js';
import { type OrderOptions, orderFor } from '../run/order.js';
import { begin, hold, type Started } from '../run/session.js';

interface RunOptions extends OrderOptions {
  readonly name?: string;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly jsonFile?: string;
  readonly keepEnv: string[];
}

async function exists(gateway: string): Promise<boolean> {
  try {
    await call('GET', `/gateways/${encodeURIComponent(gateway)}`);
    return true;
  } catch (error) {
    if (error instanceof Fault && error.exit === exitCode.missing) return false;
    throw error;
  }
}

/** What could not be started, in the codes of the shell. */
function spawnFault(error: unknown, program: string): Fault {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new Fault(127, `There is no program "${program}".`, 'Is it on your PATH?');
  if (code === 'EACCES') return new Fault(126, `"${program}" can't be executed.`, 'Is it an executable file?');
  return new Fault(notStarted, `"${program}" could not be started (${code ?? 'unknown'}).`);
}

async function run(before: readonly string[], behind: readonly string[] | null, options: RunOptions): Promise<number> {
  const line = readCommandLine(options.name, before, behind);
  if (line.guessed)
    refuseProgramAsName(line, line.gateway.includes('/') ? false : await exists(line.gateway), process.env.PATH ?? '');
  const { connection, started } = await begin(await orderFor(line, options));
  try {
    const { childEnvironment } = await import('../environment/child-environment.js');
    const { env, removed } = childEnvironment({
      parent: process.env,
      gateway: line.gateway,
      token: started.token,
      runId: started.run,
      proxy: { host: '127.0.0.1', port: started.port },
      files: started.files,
      placeholders: started.placeholders,
      drop: started.drop,
      keep: options.keepEnv,
    });
    if (options.verbose) banner(line.gateway, started, removed);
    if (options.json || options.jsonFile !== undefined) show(started, options.jsonFile);
    const child = await startChild(line.command, env).catch((error: unknown) => {
      throw spawnFault(error, line.command[0]);
    });
    let ending: Promise<void> | null = null;
    const held = hold(connection, started, () => {
      ending ??= terminate(child);
    });
    const ended = follow(child);
    void call(
      'POST',
      `/runs/${started.run}/child`,
      { pid: child.pid, supervisor: started.supervisor },
      { start: false },
    ).catch(() => {});
    const code = await ended;
    // What it has started may outlive it.
    await ending;
    held.end();
    return code;
  } catch (error) {
    connection.end();
    throw error;
  }
}

function banner(gateway: string, started: Started, removed: readonly string[]): void {
  note(`tollfence: ${gateway} is ${started.run}, behind 127.0.0.1:${started.port}`);
  note('tollfence: the boundary is cooperative: a program of this user could go around the proxy');
  note(
    'tollfence: one that clears its environment, leaves its parents and its cgroup as well can not be told from you: only a jail holds it',
  );
  if (removed.length > 0) note(`tollfence: taken out of the environment: ${removed.join(', ')}`);
}

/** Who it is that the proxy has signed for, as one line of JSON; never with the token. */
function show({ run, boundary, subject }: Started, file: string | undefined): void {
  const document = `${JSON.stringify({ run, boundary, subject })}\n`;
  if (file === undefined) return void process.stderr.write(document);
  try {
    writeFileSync(file, document, { mode: 0o600 });
  } catch (error) {
    throw new Fault(notStarted, `${file} can't be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}

const collect = (value: string, list: string[]): string[] => [...list, value];

/** `behind`: the words after the first `--`, or null if there is none; commander must not see them. */
export default function register(program: Command, behind: readonly string[] | null = null): void {
  program
    .command('run [words...]')
    .usage('[options] -- NAME COMMAND…  |  --name NAME -- COMMAND…  |  NAME -- COMMAND…')
    .description('run an agent behind its gateway')
    .option('--name <gateway>', 'the gateway')
    .option('-v, --verbose', 'say on stderr what is done')
    .option(
      '--connect-to <host:port:addr:port>',
      'for this run, dial another address under the same name (repeatable)',
      collect,
      [],
    )
    .option('--upstream-ca <file>', "for this run, trust these roots besides the system's (repeatable)", collect, [])
    .option(
      '--keep-env <name>',
      'leave this variable in the environment although it looks like a credential (repeatable)',
      collect,
      [],
    )
    .option(
      '--as-token-file <file>',
      'for whom it is: the ID token in this file; else that of TF_ID_TOKEN, else this account',
    )
    .option('--nonce <value>', 'the nonce that the ID token was asked for with')
    .option(
      '--attestation-file <file>',
      'where it runs: a token of Kubernetes or GitHub Actions (repeatable)',
      collect,
      [],
    )
    .option('--task <text>', 'limit the run to this task, which ends with it: tf grant issue --help')
    .option('--action <pattern>', 'what the run may do for it (repeatable)', collect, [])
    .option('--resource <pattern>', 'with what; any if none is named (repeatable)', collect, [])
    .option('--ttl <time>', 'for how long: 30s, 5m, 2h; at most 24h (default: 5m)')
    .option('--agent-name <name>', "the agent's name, if it isn't that of its program")
    .option('--agent-version <version>', "the agent's version")
    .option('--json', 'print who the proxy has signed for, as one line of JSON on stderr')
    .option('--json-file <file>', 'the same, into this file')
    .addHelpText('after', '\nExample:\n  tf run -- research-agent python agent.py')
    .action(async (words: string[], options: RunOptions) => {
      try {
        process.exit(await run(words, behind, options));
      } catch (error) {
        // Before the child has started, every fault is ours and says so with one code.
        if (error instanceof Fault && ![126, 127].includes(error.exit))
          throw new Fault(notStarted, error.message, error.hint);
        throw error;
      }
    });
}
