/**
 * Caller: who is at the control socket. What makes things stricter anybody with access to the socket may do; what makes
 * them laxer needs the operator's credential and a caller that provably stands outside of every run.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../identity/runs.js';

/** What a caller says of itself. */
export interface Claims {
  /** The operator's credential, or null. */
  readonly token: string | null;
  readonly pid: number | null;
  /** Name of a proof file that the caller holds open. */
  readonly proof: string | null;
  /** Run that the caller's environment names, or null. */
  readonly run: string | null;
}

/** Why a caller may not do what makes things laxer. */
export type Objection = {
  readonly code: 'operator_required' | 'inside_run';
  readonly message: string;
  readonly run: string | null;
};

/** Decides about callers. */
export interface CallerCheck {
  /** A file for a caller to hold open, so that its process id can be believed. */
  challenge(): string;
  /** Null when the caller may act as the operator. */
  objection(claims: Claims): Objection | null;
  /** Null when the caller provably stands outside of every run, whoever it is. */
  outside(claims: Claims): Objection | null;
  /** The run that this caller stands in, as far as can be told, or null. */
  insideRun(claims: Claims): string | null;
}

/** Makes the operator's credential if there is none (256 random bits, mode 0600), and reads it. */
export function operatorCredential(path: string): string {
  if (!existsSync(path)) {
    const file = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    writeSync(file, `${randomBytes(32).toString('base64url')}\n`);
    closeSync(file);
  }
  return readFileSync(path, 'utf8').trim();
}

const linux = existsSync('/proc/self/stat');

/** Process id of the parent (proc_pid_stat(5)); the name in parentheses may hold anything. */
function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

/** The process and its parents, itself first. */
function ancestry(pid: number): number[] {
  const chain: number[] = [];
  for (let at = pid; at > 0 && chain.length < 256; at = parentOf(at)) chain.push(at);
  return chain;
}

/** Value of TF_RUN in a process's environment as it was started, or null. */
function declaredRun(pid: number): string | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    return /(?:^|\0)TF_RUN=([^\0]+)/.exec(environment)?.[1] ?? null;
  } catch {
    return null;
  }
}

const holds = (pid: number, path: string): boolean => {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(fd => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === path;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
};

const maxProofs = 1_000;

/** `place` is the directory for proof files; `runs` are those alive, whose processes mark what is inside. */
export function openCallerCheck(place: string, credential: string, runs: () => readonly Run[]): CallerCheck {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  // As /proc names the files that a process holds.
  const dir = realpathSync(place);
  for (const name of readdirSync(dir)) if (name.startsWith('proof-')) rmSync(join(dir, name), { force: true });
  const expected = createHash('sha256').update(credential).digest();
  const proofs = new Set<string>();

  const insideRun = ({ pid, run }: Claims): string | null => {
    if (run !== null && run !== '') return run;
    if (!linux || pid === null) return null;
    const chain = ancestry(pid);
    for (const { stored } of runs()) {
      // Until its agent is there, a run is known by its supervisor, which stands outside; what it starts doesn't.
      const members = stored.starting ? chain.slice(1) : chain;
      if (stored.pid !== null && members.includes(stored.pid)) return stored.id;
    }
    for (const process of chain) {
      const declared = declaredRun(process);
      if (declared !== null) return declared;
    }
    return null;
  };
  const within = (claims: Claims): Objection | null => {
    const run = insideRun(claims);
    return run === null
      ? null
      : {
          code: 'inside_run',
          message: `This can't be done from inside a run (${run}): only what makes things stricter can.`,
          run,
        };
  };
  /** Whoever could lie about its process id could seem to stand outside. */
  const unproven = (claims: Claims): Objection | null => {
    if (!linux) return null;
    const name = claims.proof?.slice(dir.length + 1) ?? '';
    if (claims.pid === null || !proofs.delete(name))
      return { code: 'operator_required', message: 'The caller did not prove which process it is.', run: null };
    const held = holds(claims.pid, join(dir, name));
    rmSync(join(dir, name), { force: true });
    return held
      ? null
      : { code: 'operator_required', message: 'The caller is not the process that it says it is.', run: null };
  };
  return {
    insideRun,
    challenge() {
      const name = `proof-${randomBytes(16).toString('hex')}`;
      closeSync(openSync(join(dir, name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
      proofs.add(name);
      // Whoever asks without using it must not fill the directory.
      if (proofs.size > maxProofs) {
        const [oldest] = proofs;
        proofs.delete(oldest!);
        rmSync(join(dir, oldest!), { force: true });
      }
      return join(dir, name);
    },
    outside: claims => within(claims) ?? unproven(claims),
    objection(claims) {
      const inside = within(claims);
      if (inside !== null) return inside;
      const given = createHash('sha256')
        .update(claims.token ?? '')
        .digest();
      if (claims.token === null || !timingSafeEqual(given, expected)) {
        return {
          code: 'operator_required',
          message: 'This needs the operator: the credential is missing or wrong.',
          run: null,
        };
      }
      return unproven(claims);
    },
  };
}
