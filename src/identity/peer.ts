/**
 * Peer: whose process is at the other end of a connection over loopback, as far as the kernel says (Linux, proc_pid_fd(5) and
 * /proc/net/tcp). For tokens that are shown by somebody else than the run that they were given to.
 */
import { promises as fs } from 'node:fs';
import { ancestry, linkOf, processes } from './processes.js';
import { type Inhabited, runAbove } from './standing.js';

/** Both ends of a connection, as our side of it has them. */
export interface Ends {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** Without the prefix that IPv4 has on a socket of IPv6 (RFC 4291 §2.5.5.2). */
const plain = (address = ''): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Whether a connection comes from this machine itself. */
export const isLocal = ({ remoteAddress }: Ends): boolean => /^(127\.|::1$)/.test(plain(remoteAddress));

/** An address and port as /proc/net has them: each word of 32 bits in the order of the machine, which is little-endian. */
function printed(address: string, port: number, six: boolean): string {
  const suffix = port.toString(16).padStart(4, '0');
  const four = address.split('.').reverse();
  const text = address.includes('.')
    ? `${six ? '0000000000000000ffff0000' : ''}${four.map(part => Number(part).toString(16).padStart(2, '0')).join('')}`
    : `${'0'.repeat(24)}01000000`;
  return `${text}:${suffix}`.toUpperCase();
}

/** The inode of the socket at the other end, in the text of /proc/net/tcp or tcp6; null if it isn't there. */
export function inodeIn(table: string, ends: Ends, six: boolean): string | null {
  const theirs = printed(plain(ends.remoteAddress), ends.remotePort ?? 0, six);
  const ours = printed(plain(ends.localAddress), ends.localPort ?? 0, six);
  const at = table.indexOf(` ${theirs} ${ours} `);
  if (at < 0) return null;
  // State, queues, timer, retransmissions, user and time-out are between the addresses and the inode.
  const inode = table
    .slice(at + 1, at + 400)
    .split('\n', 1)[0]!
    .trim()
    .split(/\s+/)[8];
  return inode === undefined || inode === '0' ? null : inode;
}

/**
 * Reads a table of the kernel, which walks all that there could be for it (10 ms with 262,144 places): whoever comes while it
 * is read shares the next one, since what came later isn't in this one.
 */
function shared(path: string): () => Promise<string> {
  let running: Promise<string> | null = null;
  let next: Promise<string> | null = null;
  const begin = (): Promise<string> => {
    next = null;
    const reading = fs.readFile(path, 'latin1').catch(() => '');
    running = reading;
    void reading.then(() => {
      if (running === reading) running = null;
    });
    return reading;
  };
  return () => {
    if (running === null) return begin();
    next ??= running.then(begin);
    return next;
  };
}

const four = shared('/proc/net/tcp');
const six = shared('/proc/net/tcp6');

async function inodeOf(ends: Ends): Promise<string | null> {
  const found = plain(ends.remoteAddress).includes('.') ? inodeIn(await four(), ends, false) : null;
  return found ?? inodeIn(await six(), ends, true);
}

/** More files than this nobody is asked about, and no more than these in one go: each takes some microseconds. */
const mostFiles = 4_096;
const inOneGo = 128;

async function holds(pid: number, name: string): Promise<boolean> {
  const files = await fs.readdir(`/proc/${pid}/fd`).catch(() => []);
  // What was opened last has mostly the highest number.
  const numbers = files.slice(-mostFiles).reverse();
  for (let at = 0; at < numbers.length; at += inOneGo) {
    if (at > 0) await new Promise(resolve => setImmediate(resolve));
    if (numbers.slice(at, at + inOneGo).some(file => linkOf(`/proc/${pid}/fd/${file}`) === name)) return true;
  }
  return false;
}

/** Processes that had connections lately: most connections come from those. */
const lately: number[] = [];
const remembered = 16;

/** A process that holds the other end, looked for until `deadline` (ms, as of `performance.now`); null if none is found. */
async function holderOf(ends: Ends, first: readonly number[], deadline: number): Promise<number | null> {
  const inode = await inodeOf(ends);
  if (inode === null) return null;
  const name = `socket:[${inode}]`;
  const tried = new Set<number>();
  const among = async (pids: readonly number[]): Promise<number | null> => {
    for (const pid of pids) {
      if (tried.has(pid)) continue;
      if (performance.now() > deadline) return null;
      tried.add(pid);
      if (await holds(pid, name)) return pid;
    }
    return null;
  };
  const known = await among([...first, ...lately]);
  if (known !== null) return known;
  // The younger, the more likely an agent.
  const all = (await fs.readdir('/proc')).map(Number).filter(pid => pid > 1 && pid !== process.pid);
  const found = await among(all.sort((a, b) => b - a));
  if (found !== null) {
    lately.unshift(found);
    lately.length = Math.min(lately.length, remembered);
  }
  return found;
}

/** How long is looked for a process, in milliseconds. */
const patience = 2_000;

/**
 * The run that a connection provably comes from, when that is neither `run`, whose token it shows, nor one that `run` was started
 * from; null if it is, or can't be told.
 */
export async function strangerAt(ends: Ends, run: Inhabited, runs: readonly Inhabited[]): Promise<string | null> {
  if (!processes.known || !isLocal(ends)) return null;
  const holder = await holderOf(ends, run.pid === null ? [] : [run.pid], performance.now() + patience);
  if (holder === null) return null;
  const above = ancestry(holder);
  const declared = above.line.map(({ pid }) => processes.declaredRun(pid)).find(name => name !== null);
  const place = runAbove(above, runs) ?? runs.find(({ id }) => id === declared);
  return place === undefined || place === null || run.runs.includes(place.id) ? null : place.id;
}
