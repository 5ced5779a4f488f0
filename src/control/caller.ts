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
  realpathSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { processes } from '../identity/processes.js';
import { type Inhabited, type Standing, standing } from '../identity/standing.js';

/** What a caller says of itself. */
export interface Claims {
  /** The operator's credential, or null. */
  readonly token: string | null;
  readonly pid: number | null;
  /** Name of a proof file that the caller holds open. */
  readonly proof: string | null;
  /** What came with that name, to the one alone who asked for it. */
  readonly ticket: string | null;
  /** Run that the caller's environment names, or null. */
  readonly run: string | null;
}

/** Why a caller may not do what makes things laxer. */
export type Objection = {
  readonly code: 'operator_required' | 'inside_run';
  readonly message: string;
  /** What to do instead. */
  readonly next: string;
  readonly run: string | null;
};

/** Decides about callers. */
export interface CallerCheck {
  /**
   * A file for a caller to hold open, so that its process id can be believed, and a ticket that it shows with it: others of this
   * user could see who holds the file, and use that for themselves.
   */
  challenge(): { readonly proof: string; readonly ticket: string };
  /** Null when the caller may act as the operator. */
  objection(claims: Claims): Objection | null;
  /** Null when the caller provably stands outside of every run, whoever it is. */
  outside(claims: Claims): Objection | null;
  /** Null when the caller has shown which process it is, wherever that stands. */
  unproven(claims: Claims): Objection | null;
  /** Where this caller stands, as far as can be told; null outside of every run. */
  standing(claims: Claims): Standing | null;
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

const maxProofs = 1_000;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Why whoever stands there is refused, and what to do. */
const explained = ({ run, how }: Standing): Pick<Objection, 'message' | 'next'> =>
  how === 'remains'
    ? {
        message: `This can't be done from inside a run, and this process can't be told from one that ${run} left behind.`,
        next: 'Do it in a shell that is older than the run, in a new login session, or once what the run left behind has ended.',
      }
    : {
        message: `This can't be done from inside a run (${run}): only what makes things stricter can.`,
        next: 'Ask an operator to do it from outside.',
      };

const refused = (message: string): Objection => ({
  code: 'operator_required',
  message,
  next: 'Run it as the user who owns TF_HOME, or give TF_OPERATOR_TOKEN.',
  run: null,
});

/** `place` is the directory for proof files; `runs` are those of which processes are left: these mark what is inside. */
export function openCallerCheck(place: string, credential: string, runs: () => readonly Inhabited[]): CallerCheck {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  // As /proc names the files that a process holds.
  const dir = realpathSync(place);
  for (const name of readdirSync(dir)) if (name.startsWith('proof-')) rmSync(join(dir, name), { force: true });
  const expected = sha256(credential);
  /** Digests of the tickets, by the names of the files. */
  const proofs = new Map<string, Buffer>();

  const standsIn = ({ pid, run }: Claims): Standing | null => standing(pid, run, runs());
  const within = (claims: Claims): Objection | null => {
    const place = standsIn(claims);
    return place === null ? null : { code: 'inside_run', ...explained(place), run: place.run };
  };
  /** Whoever could lie about its process id could seem to stand outside. */
  const unproven = (claims: Claims): Objection | null => {
    if (!processes.known) return null;
    const name = claims.proof?.slice(dir.length + 1) ?? '';
    const ticket = proofs.get(name);
    // Whoever has only found the file doesn't use it up either.
    if (claims.pid === null || ticket === undefined || !timingSafeEqual(sha256(claims.ticket ?? ''), ticket))
      return refused('The caller did not prove which process it is.');
    proofs.delete(name);
    const held = processes.holds(claims.pid, join(dir, name));
    rmSync(join(dir, name), { force: true });
    return held ? null : refused('The caller is not the process that it says it is.');
  };
  return {
    standing: standsIn,
    unproven,
    challenge() {
      const name = `proof-${randomBytes(16).toString('hex')}`;
      closeSync(openSync(join(dir, name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
      const ticket = randomBytes(16).toString('hex');
      proofs.set(name, sha256(ticket));
      // Whoever asks without using it must not fill the directory.
      if (proofs.size > maxProofs) {
        const [oldest] = proofs.keys();
        proofs.delete(oldest!);
        rmSync(join(dir, oldest!), { force: true });
      }
      return { proof: join(dir, name), ticket };
    },
    outside: claims => within(claims) ?? unproven(claims),
    objection(claims) {
      const inside = within(claims);
      if (inside !== null) return inside;
      if (claims.token === null || !timingSafeEqual(sha256(claims.token), expected))
        return refused('This needs the operator: the credential is missing or wrong.');
      return unproven(claims);
    },
  };
}
