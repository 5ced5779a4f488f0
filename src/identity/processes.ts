/** Processes: what the kernel says of them (Linux, proc_pid_stat(5), cgroups(7)). Elsewhere nothing is known of any. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process. Its id is used again after its end; together with the start it is not. */
export interface Process {
  readonly pid: number;
  /** Its parent; 0 if that is outside of this pid namespace. */
  readonly parent: number;
  /** Clock ticks from boot to its start. */
  readonly started: number;
  /** It has ended, and only waits for its parent. */
  readonly zombie?: true;
}

/** Where a process lives: what a descendant that has lost its ancestors still shares. */
export interface Place {
  /** Its cgroups, as one text. */
  readonly cgroup: string;
  /** Its real user id; an executable's setuid bit doesn't change that. */
  readonly user: number;
}

/** What a run keeps of its process, to find out who stands inside. */
export interface Footprint extends Place {
  readonly started: number;
}

/** The table of processes. What has ended, or can't be read, is null. */
export interface Processes {
  /** Whether this system says anything of processes. */
  readonly known: boolean;
  read(pid: number): Process | null;
  place(pid: number): Place | null;
  /** Value of TF_RUN in the environment that it was started with. */
  declaredRun(pid: number): string | null;
  /** Whether it holds this file open. */
  holds(pid: number, path: string): boolean;
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

/** What a link of /proc leads to; null if it is gone, or somebody else's. */
export function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Reads a line of /proc/PID/stat; the name in parentheses may hold anything. */
function readStat(pid: number, stat: string): Process {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    parent: Number(fields[1]),
    started: Number(fields[19]),
    ...(fields[0] === 'Z' && { zombie: true }),
  };
}

/**
 * The process that this is the id of, or of a thread of. The kernel gives a thread a directory in /proc, too, with the parent of
 * its process: by that alone it would be its process's sibling.
 */
export function processOf(id: number): number {
  return Number(/^Tgid:\s+(\d+)/m.exec(text(`/proc/${id}/status`) ?? '')?.[1] ?? id);
}

/** Those of this system. */
export const processes: Processes = {
  known: existsSync('/proc/self/stat'),
  read(pid) {
    const stat = text(`/proc/${pid}/stat`);
    return stat === null ? null : readStat(pid, stat);
  },
  place(pid) {
    const cgroup = text(`/proc/${pid}/cgroup`);
    const user = /^Uid:\s+(\d+)/m.exec(text(`/proc/${pid}/status`) ?? '')?.[1];
    return cgroup === null || user === undefined ? null : { cgroup, user: Number(user) };
  },
  declaredRun(pid) {
    const environment = text(`/proc/${pid}/environ`);
    return (environment && /(?:^|\0)TF_RUN=([^\0]+)/.exec(environment)?.[1]) ?? null;
  },
  holds(pid, path) {
    try {
      return readdirSync(`/proc/${pid}/fd`).some(fd => linkOf(`/proc/${pid}/fd/${fd}`) === path);
    } catch {
      return false;
    }
  },
};

/** What to keep of a process, or null if nothing is known of it. */
export function footprint(pid: number, table: Processes = processes): Footprint | null {
  const process = table.read(pid);
  const place = table.place(pid);
  return process === null || place === null ? null : { started: process.started, ...place };
}

/** More ancestors than this nobody has who isn't up to something. */
const mostAncestors = 1_024;

/** A process and its ancestors, itself first. `whole`: it ends at the first process or outside of this pid namespace. */
export interface Ancestry {
  readonly line: readonly Process[];
  readonly whole: boolean;
}

/** Follows the parents. One may end meanwhile, and its child has another one then: tried again a few times. */
export function ancestry(pid: number, table: Processes = processes): Ancestry {
  let line: Process[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    line = [];
    for (let at = table.read(pid); at !== null && line.length < mostAncestors; at = table.read(at.parent))
      line.push(at);
    const last = line.at(-1);
    if (last !== undefined && (last.pid === 1 || last.parent === 0)) return { line, whole: true };
  }
  return { line, whole: false };
}
