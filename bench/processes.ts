/** Processes: every part of the benchmark is a process of its own, bound to a core; what it costs is read from /proc. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

/** The cores: what is measured has one for itself, load and upstream share the other. */
export const cores = { measured: 0, around: 1 } as const;

const started = new Set<ChildProcess>();

/** Starts a program on one core, or on a list of them. Killed by {@link endAll} at the latest. */
export function start(
  core: number | string,
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess {
  const child = spawn('taskset', ['-c', String(core), ...command], { env, stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
  // Whoever has no use for the output must not stop because nobody reads it.
  child.stdout!.resume();
  child.stderr!.on('data', (text: Buffer) => process.env.BENCH_VERBOSE && process.stderr.write(text));
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

/** Starts a file of this directory with Node; its one argument is JSON. */
export const startOwn = (core: number, file: string, argument: unknown): ChildProcess =>
  start(core, [process.execPath, fileURLToPath(new URL(file, import.meta.url)), JSON.stringify(argument)]);

/** The next message of a process. Rejects if it ends before. */
export const message = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const gone = (code: number | null): void =>
      reject(
        new Error(`${child.spawnargs.slice(3, 6).join(' ')} ended with ${code}; BENCH_VERBOSE=1 shows its output.`),
      );
    child.once('exit', gone);
    child.once('message', value => {
      child.off('exit', gone);
      resolve(value as T);
    });
  });

/** Ends everything that was started: politely, then not. */
export const endAll = async (): Promise<void> => void (await Promise.all([...started].map(end)));

const end = (child: ChildProcess): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });

/** A process and all below it; none of one that has ended. */
function tree(pid: number): number[] {
  if (!existsSync(`/proc/${pid}/task`)) return [];
  const children = readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

/** CPU seconds (user and system, all threads that live) that a process and those below it have used (schedstat, proc(5)). */
export function cpuSeconds(pid: number): number {
  const nanoseconds = tree(pid).flatMap(each =>
    readdirSync(`/proc/${each}/task`).map(task =>
      Number(readFileSync(`/proc/${each}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    ),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
}

/** Forgets the peak of a process's memory. */
export const resetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** The peak of a process's resident memory since then, in MiB. */
export const peakMemory = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

/** The resident memory of a process and all below it, in MiB. */
export const residentMemory = (pid: number): number =>
  tree(pid).reduce(
    (sum, each) => sum + Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    0,
  );

/** Whether this machine has what the benchmark needs; else a sentence. */
export const unfit = (): string | null =>
  !existsSync('/proc/self/task') || !existsSync('/usr/bin/taskset')
    ? 'The benchmark needs Linux with /proc and taskset (util-linux).'
    : null;

/** Whether something listens on a port of this machine within ten seconds. */
export async function listening(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return true;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return false;
}
