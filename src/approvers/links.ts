/**
 * One-time links: an address with which one approver answers one approval, once, within a quarter of an hour. Looking at it
 * decides nothing, so that mail scanners and previews of chats may. Of the 256 random bits in it only the hash is kept.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Answer, Approval } from '../approvals/index.js';
import { exitCode, Fault } from '../errors.js';
import type { State } from '../identity/state.js';
import type { Log } from '../log/index.js';
import type { Approver, Approvers } from './index.js';

/** How long a link is good, in milliseconds. */
const lifetime = 900_000;
/** How much longer it is known, to say that it is over. */
const memory = 3_600_000;

interface Kept {
  readonly token_sha256: string;
  readonly approval: string;
  readonly approver: string;
  /** When he was registered: somebody else of that name, or himself with another key, has other links. */
  readonly approver_since: string;
  readonly binding: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  readonly spent: boolean;
}

/** What a link leads to. */
export interface Found {
  readonly approver: string;
  readonly expires_at: string;
  /** What it is about, if it can be answered with this link; else null. */
  readonly approval: Approval | null;
  /** Why it can't be. */
  readonly over: string;
}

/** The links of this proxy. */
export interface Links {
  /** Makes one, and says so in the log. Resolves with its URL. Throws `Fault` if there is no page, or he may not answer that. */
  make(approval: string, approver: string, by?: string): Promise<string>;
  /** What a token is for, or undefined. Looks up a hash, so time says nothing about the token; changes nothing. */
  look(token: string): Found | undefined;
  /** Answers with a link and spends it. Throws `Fault`: refused if it is over, and what `approvals.answer` throws. */
  answer(token: string, verdict: 'granted' | 'refused', reason: string): Promise<Approval>;
}

/** What answers approvals. */
interface Answering {
  find(id: string): Approval;
  answer(id: string, answer: Answer): Promise<Approval>;
}

interface Options {
  readonly state: Pick<State, 'shelf'>;
  readonly log: Pick<Log, 'record'>;
  readonly approvals: Answering;
  readonly approvers: Approvers;
  readonly now: () => number;
  /** Where the pages are, without a slash at the end; null if they are served nowhere. */
  base(): string | null;
}

const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
const over = (why: string): Fault => new Fault(exitCode.refused, why, 'Ask for a new link.');

export function openLinks({ state, log, approvals, approvers, now, base }: Options): Links {
  const shelf = state.shelf<Kept>('link');
  const all = new Map(shelf.all().map(each => [each.token_sha256, each]));
  /** Links with which somebody is answering. */
  const busy = new Set<string>();
  const sweep = (): void => {
    for (const { token_sha256, expires } of all.values()) {
      if (now() < expires + memory) continue;
      shelf.remove(token_sha256);
      all.delete(token_sha256);
    }
  };
  const keep = (link: Kept): void => {
    shelf.put(link.token_sha256, link);
    all.set(link.token_sha256, link);
  };

  /** The approval that a link can answer, or why it can't. */
  function reach(link: Kept): { readonly approval: Approval; readonly approver: Approver } | string {
    if (link.spent) return 'This link has been used.';
    if (now() >= link.expires) return 'This link has expired.';
    let approval: Approval;
    let approver: Approver;
    try {
      approval = approvals.find(link.approval);
      approver = approvers.find(link.approver);
    } catch {
      return 'What this link was for is no more.';
    }
    if (approval.state !== 'pending') return `The request is ${approval.state} already.`;
    if (approval.binding !== link.binding || approver.added_at !== link.approver_since)
      return 'What this link was for is no more.';
    return { approval, approver };
  }

  return {
    async make(id, name, by = 'proxy') {
      const at = base();
      if (at === null)
        throw new Fault(
          exitCode.failed,
          'There are no links: the proxy serves no page that people could reach.',
          'Set "dashboard: 127.0.0.1:8443" in config.yaml (and "links: {url: https://…}" if people reach it under another address), then restart it: tf stop',
        );
      sweep();
      const [approval, approver] = [approvals.find(id), approvers.find(name)];
      if (approval.state !== 'pending')
        throw new Fault(exitCode.failed, `The approval ${id} is ${approval.state} already.`);
      approvers.permit(approver, approval);
      const token = randomBytes(32).toString('base64url');
      const link: Kept = {
        token_sha256: digest(token),
        approval: id,
        approver: name,
        approver_since: approver.added_at,
        binding: approval.binding,
        expires: now() + lifetime,
        spent: false,
      };
      const expires_at = new Date(link.expires).toISOString();
      await log.record({ type: 'approval.link_made', run: approval.run, approval: id, approver: name, expires_at, by });
      keep(link);
      return `${at}/a/${token}`;
    },
    look(token) {
      const link = all.get(digest(token));
      if (link === undefined) return undefined;
      const { approver, expires } = link;
      const found = reach(link);
      return {
        approver,
        expires_at: new Date(expires).toISOString(),
        ...(typeof found === 'string' ? { approval: null, over: found } : { approval: found.approval, over: '' }),
      };
    },
    async answer(token, verdict, reason) {
      const hash = digest(token);
      const link = all.get(hash);
      const found = link === undefined ? 'There is no such link.' : reach(link);
      if (link === undefined || typeof found === 'string') throw over(found as string);
      // Nothing may come between this look and this mark: that is what makes it once.
      if (busy.has(hash)) throw over('This link is being used.');
      busy.add(hash);
      try {
        const { approval, approver } = found;
        const scope = {};
        const signed = await approvers.vouch(approver.name, approval, { verdict, scope }, 'link');
        const answered = await approvals.answer(approval.id, { verdict, by: approver.name, reason, scope, signed });
        keep({ ...link, spent: true });
        return answered;
      } finally {
        busy.delete(hash);
      }
    },
  };
}
