/** Workload: where a run starts: the machine, this process, the container around it, the directory and what is checked out there. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { bootId } from '../../src/identity/liveness.js';
import { processes } from '../../src/identity/processes.js';

/** Facts of the start. What can't be told is absent. */
export interface Workload {
  readonly host: string;
  readonly pid: number;
  /** Clock ticks from the system's start to that of this process. */
  readonly started?: number;
  readonly boot?: string;
  /** Id of the container, 64 hex digits. */
  readonly container?: string;
  readonly cwd: string;
  /** What `HEAD` is in the repository around `cwd`. */
  readonly commit?: string;
  readonly command: string;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** The id of the container by the names of cgroups (cgroups(7)), or by the files that an engine mounts into each. */
export function containerIn(cgroups: string, mounts: string): string | undefined {
  const named = /[/:-]([0-9a-f]{64})(?:\.scope)?$/m.exec(cgroups);
  return (named ?? /\/(?:containers|overlay-containers|sandboxes)\/([0-9a-f]{64})\//.exec(mounts))?.[1];
}

const isCommit = (text: string | undefined): text is string => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text ?? '');

/** The directory that git keeps a repository in, for a directory within it (gitrepository-layout(5)). */
function gitDirectory(from: string): string | null {
  for (let at = from; ; at = dirname(at)) {
    const place = join(at, '.git');
    const stats = statSync(place, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return place;
    const elsewhere = stats?.isFile() ? /^gitdir: (.+)$/m.exec(read(place) ?? '')?.[1] : undefined;
    if (elsewhere !== undefined) return resolve(at, elsewhere);
    if (dirname(at) === at) return null;
  }
}

/** The commit that `HEAD` names, read without starting git. */
export function commitIn(directory: string): string | undefined {
  const git = gitDirectory(directory);
  const head = git === null ? undefined : read(join(git, 'HEAD'))?.trim();
  if (git === null || head === undefined) return undefined;
  const ref = /^ref: (refs\/[^\s]+)$/.exec(head)?.[1];
  if (ref === undefined) return isCommit(head) ? head : undefined;
  // Of several worktrees each has its own HEAD, and all have their branches together.
  const common = resolve(git, read(join(git, 'commondir'))?.trim() ?? '.');
  const loose = [git, common].map(place => read(join(place, ref))?.trim()).find(isCommit);
  if (loose !== undefined) return loose;
  const packed = read(join(common, 'packed-refs')) ?? '';
  return packed
    .split('\n')
    .map(line => line.split(' '))
    .find(([commit, name]) => name === ref && isCommit(commit))?.[0];
}

/** What is known of this process. */
export function workloadHere(command: string): Workload {
  const started = processes.read(process.pid)?.started;
  const boot = bootId();
  const container = existsSync('/proc/self/cgroup')
    ? containerIn(read('/proc/self/cgroup') ?? '', read('/proc/self/mountinfo') ?? '')
    : undefined;
  const commit = commitIn(process.cwd());
  return {
    host: hostname(),
    pid: process.pid,
    ...(started !== undefined && { started }),
    ...(boot !== null && { boot }),
    ...(container !== undefined && { container }),
    cwd: process.cwd(),
    ...(commit !== undefined && { commit }),
    command,
  };
}
