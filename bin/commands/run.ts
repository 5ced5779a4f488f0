/** `tf run`: an agent behind its gateway. Nothing of ours is on its stdout; on stderr only with -v, or when something is wrong. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import { parseConnectTo } from '../connect-to.js';
import { call, type Stream, stream } from '../control.js';
import { answers, ensureProxy } from '../daemon.js';
import type { TrustFiles } from '../environment/child-environment.js';
import { paths } from '../home.js';
import { note, problem } from '../print.js';
import { canaryFault } from '../run/canary.js';
import { follow, startChild, terminate } from '../run/child.js';
import { notStarted, readCommandLine, refuseProgramAsName } from '../run/command-line.js';
import { userName } from '../user.js';

interface RunOptions {
  readonly name?: string;
  readonly verbose?: boolean;
  readonly connectTo: string[];
  readonly upstreamCa: string[];
  readonly keepEnv: string[];
}

/** The first line of a run's stream. */
interface Started {
  readonly run: string;
  readonly token: string;
  /** What this process alone shows to come back to its run. */
  readonly supervisor: string;
  readonly port: number;
  readonly files: TrustFiles;
  readonly drop: readonly string[];
  readonly placeholders: Readonly<Record<string, string>>;
}

const digest = (value: string): string => createHash('sha256').update(value).digest('hex');

/** Digests of the environment's values: the proxy says which are secrets, and no value of either side travels. */
const environmentDigests = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env)
      .filter(([, value]) => value)
      .map(([name, value]) => [name, digest(value!)]),
  );

async function exists(gateway: string): Promise<boolean> {
  try {
    await call('GET', `/gateways/${encodeURIComponent(gateway)}`);
    return true;
  } catch (error) {
    if (error instanceof Fault && error.exit === exitCode.missing) return false;
    throw error;
  }
}

/** Asks a proxy, starting one if need be; and the next one when that was just ending, or died meanwhile. */
async function persist(ask: () => Promise<Stream>): Promise<Stream> {
  for (let attempts = 1; ; attempts++) {
    await ensureProxy();
    try {
      return await ask();
    } catch (error) {
      const { exit } = error as { exit?: number };
      if (attempts >= (exit === exitCode.unreachable ? 600 : 20)) throw error;
      if (exit !== exitCode.unreachable && exit !== exitCode.failed) throw error;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
}

/** What starts a run, as `POST /runs` takes it. */
interface Order {
  readonly gateway: string;
  readonly upstream?: object;
  readonly [member: string]: unknown;
}

/** Starts a run and sends its canary. A proxy that ended in between is asked no more: the run begins anew with the next. */
async function begin(order: Order): Promise<Stream> {
  for (let attempts = 1; ; attempts++) {
    const connection = await persist(() => stream('POST', '/runs', order, order.upstream !== undefined));
    const { token, port, files } = connection.first as unknown as Started;
    const fault = await canaryFault({ port, gateway: order.gateway, token, ca: files.ca });
    if (fault === null) return connection;
    connection.end();
    if (fault.answered)
      throw new Fault(
        notStarted,
        `The run was not started: a request that must be denied was not: ${fault.what}.`,
        'Every policy must deny the action tollfence.canary. See what yours says: tf explain GET https://canary.tollfence.invalid/ --gateway NAME',
      );
    if (attempts >= 20)
      throw new Fault(
        notStarted,
        `The run was not started: the proxy did not answer its first request: ${fault.what}.`,
        'See what the proxy says in run/proxy.log under TF_HOME.',
      );
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

/** Keeps the run alive over a restart of the proxy: it comes back where it was, and the run shows itself again. */
function hold(connection: Stream, started: Started, onTerminate: () => void): { end(): void } {
  let over = false;
  let current = connection;
  const watch = (open: Stream): void => {
    current = open;
    let stopped = false;
    open.onLine(line => {
      if (line.event === 'terminate') onTerminate();
      if (line.event === 'ending') stopped = true;
    });
    open.onEnd(() => {
      if (over) return;
      void reattach(stopped).catch((error: unknown) =>
        problem(
          `The proxy has gone, and this run with it: ${error instanceof Error ? error.message : 'unknown'}`,
          'Its requests fail from now on. Start the run again.',
        ),
      );
    });
  };
  const reattach = async (stopped: boolean): Promise<void> => {
    if (stopped) {
      problem(
        'The proxy was stopped: the requests of this run fail until there is one again.',
        'Start one with: tf serve   (any tf run starts one, too)',
      );
      while (!over && !(await answers(paths().socket))) await new Promise(resolve => setTimeout(resolve, 100));
      if (over) return;
    }
    const open = await persist(() => stream('POST', '/runs/attach', { supervisor: started.supervisor }, false));
    if (open.first.port !== started.port) throw new Fault(exitCode.failed, 'it had to take another port');
    watch(open);
  };
  watch(connection);
  return {
    end() {
      over = true;
      current.end();
    },
  };
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
  const special = options.connectTo.length > 0 || options.upstreamCa.length > 0;
  const ca = options.upstreamCa.map(file => resolve(file));
  // A file that can't be used is said now, not to the agent at its first request.
  if (ca.length > 0) (await import('../../src/tls/trust.js')).upstreamTrust({ extraFiles: ca });
  const connection = await begin({
    gateway: line.gateway,
    pid: process.pid,
    user: userName(),
    workload: { host: hostname(), pid: process.pid, cwd: process.cwd(), command: line.command[0] },
    environment: environmentDigests(),
    ...(special ? { upstream: { connect_to: Object.fromEntries(options.connectTo.map(parseConnectTo)), ca } } : {}),
  });
  const started = connection.first as unknown as Started;
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
    const child = await startChild(line.command, env).catch((error: unknown) => {
      throw spawnFault(error, line.command[0]);
    });
    const held = hold(connection, started, () => terminate(child));
    const ended = follow(child);
    void call(
      'POST',
      `/runs/${started.run}/child`,
      { pid: child.pid, supervisor: started.supervisor },
      { start: false },
    ).catch(() => {});
    const code = await ended;
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
  if (removed.length > 0) note(`tollfence: taken out of the environment: ${removed.join(', ')}`);
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
