/**
 * The stage of the main job: a home of its own for Tollfence, the stand-ins, and the real `tf`, whose every call is shown
 * with what it prints. Nothing is left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStandIns, type StandIns } from './stand-ins.js';

/** Whose files are shown by their names alone. */
const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = fileURLToPath(new URL('../../bin/tf.js', import.meta.url));
const agent = fileURLToPath(new URL('./agent.js', import.meta.url));

/** Longest time that a command may take, in milliseconds. */
const patience = 60_000;

/** The main job did not go as it must. */
export class Unmet extends Error {}

/** Throws `Unmet` unless it holds. The sentence says what must hold. */
export function expect(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Unmet(`this must hold, and does not: ${sentence}`);
}

export const say = (text = ''): void => void process.stdout.write(`${text}\n`);

/** Says what comes next. */
export const step = (text: string): void => say(`\n${text}`);

/** A note of the story's own, below a command. */
export const note = (text: string): void => say(`     ${text}`);

/** How to call `tf`. */
export interface Call {
  readonly input?: string;
  /** Environment besides that of the stage: what the shell of a developer has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Which lines are shown; all unless told. */
  readonly show?: (line: string) => boolean;
  /** Told of every line as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface Stage {
  readonly standIns: StandIns;
  /** Shows and runs a command. Resolves to its exit code and its whole output. */
  tf(args: readonly string[], call?: Call): Promise<{ readonly code: number; readonly output: string }>;
  /** As `tf run -- research-agent node agent.js TASK`. */
  agent(task: string, call?: Call): Promise<{ readonly code: number; readonly output: string }>;
  close(): Promise<void>;
}

const quoted = (word: string): string => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`);

/** Whole lines of a stream, as they come. */
function eachLine(child: ChildProcess, tell: (line: string) => void): void {
  for (const stream of [child.stdout!, child.stderr!]) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) tell(line);
    });
    stream.once('end', () => rest !== '' && tell(rest));
  }
}

/** Sets the stage in a new temporary directory, with stand-ins for these hosts. */
export async function openStage(hosts: readonly string[]): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'tf-main-job-'));
  const home = join(dir, 'home');
  mkdirSync(home, { mode: 0o700 });
  const standIns = await openStandIns(dir, hosts);
  writeFileSync(join(home, 'config.yaml'), standIns.config);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TF_'));
  const base = { ...Object.fromEntries(inherited), TF_HOME: home, XDG_CONFIG_HOME: join(dir, 'config'), NO_COLOR: '1' };

  const run = (
    args: readonly string[],
    { input, env, show = () => true, onLine }: Call,
  ): Promise<{ code: number; output: string }> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, ...args], {
        env: { ...base, ...env },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), patience);
      let output = '';
      eachLine(child, line => {
        output += `${line}\n`;
        if (show(line)) note(line);
        onLine?.(line);
      });
      child.once('error', reject);
      child.once('close', code => {
        clearTimeout(timer);
        resolve({ code: code ?? -1, output });
      });
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });

  const tf: Stage['tf'] = (args, call = {}) => {
    const shown = args.map(word =>
      word === process.execPath ? 'node' : word.startsWith(root) ? basename(word) : quoted(word),
    );
    say(`   $ ${call.input === undefined ? '' : 'echo "$TOKEN" | '}tf ${shown.join(' ')}`);
    return run(args, call);
  };

  return {
    standIns,
    tf,
    agent: (task, call) => tf(['run', '--', 'research-agent', process.execPath, agent, task], call),
    async close() {
      if (existsSync(join(home, 'control.sock'))) await run(['stop'], { show: () => false });
      await standIns.close();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
