/**
 * Approvers: people whose signature answers an approval. Each has an Ed25519 key; the proxy knows the public half, and the log
 * says when it was registered and when it was removed. Who is being added can't answer yet, and who is being removed can't any
 * more, but both count as there: between two entries nobody else's answer is enough.
 */
import { createPublicKey } from 'node:crypto';
import type { Approval } from '../approvals/index.js';
import { exitCode, Fault } from '../errors.js';
import type { Keys } from '../identity/keys.js';
import type { State } from '../identity/state.js';
import {
  disagreement,
  isSignedBy,
  keyId,
  type Log,
  parseApproverKey,
  printStatement,
  type Signed,
  type Statement,
  type Via,
} from '../log/index.js';
import type { EntryType } from '../model.js';
import { type Asked, isUser, objection } from './rules.js';

export { type Links, openLinks } from './links.js';
export { encryptKey } from './private-key.js';

/** An approver. */
export interface Approver {
  readonly name: string;
  /** Id of his key. */
  readonly key: string;
  /** SPKI, PEM. */
  readonly public_key: string;
  /** Who he is as a user: accounts, `sub` or e-mail addresses of tokens. Nobody approves a run of his own. */
  readonly users: readonly string[];
  readonly roles: readonly string[];
  readonly email: string | null;
  /** Member id at Slack. */
  readonly slack: string | null;
  readonly added_at: string;
}

/** What is said of somebody new. */
export type NewApprover = Pick<Approver, 'name' | 'public_key' | 'users' | 'roles' | 'email' | 'slack'>;

/** What an answer says besides who gives it. */
export type Answer = Pick<Statement, 'verdict' | 'scope'>;

/** The approvers of this proxy. */
export interface Approvers {
  /** By name. */
  list(): Approver[];
  /** Throws `Fault` (missing). */
  find(name: string): Approver;
  /** True if an approval needs an approver's signature: there is one, or one on his way in or out. */
  required(): boolean;
  /** Registers one, once that is on disk. Throws `Fault`: usage, or failed if name or key are taken. */
  add(fields: NewApprover, by: string): Promise<Approver>;
  /** Throws `Fault` (missing). */
  remove(name: string, by: string): Promise<Approver>;
  /** Whose answer it is. Throws `Fault` (refused) if it isn't a fresh statement of exactly this, signed by an approver's key. */
  check(signed: Signed, approval: Pick<Approval, 'id' | 'binding'>, answer: Answer): Approver;
  /** Throws `Fault` (refused) if he may not approve that; `before`: names of those who have approved it already. */
  permit(approver: Pick<Approver, 'name'>, asked: Asked, before?: readonly string[]): void;
  /** The proxy's signature for an approver whom it knows by other means than his key. */
  vouch(
    name: string,
    approval: Pick<Approval, 'id' | 'binding'>,
    answer: Answer,
    via: Exclude<Via, 'cli'>,
  ): Promise<Signed>;
}

interface Kept extends Approver {
  readonly step: 'adding' | 'there' | 'removing';
}

/** Owner of the proxy's key for answers; no gateway can have this name. */
const own = '@approvals';
const shown = ({ step: _, ...approver }: Kept): Approver => approver;
const refused = (message: string, hint = ''): Fault => new Fault(exitCode.refused, message, hint);

/** Opens the register, and completes what a crash has left half done. */
export async function openApprovers(
  state: Pick<State, 'shelf' | 'get' | 'set'>,
  keys: Keys,
  log: Pick<Log, 'record'>,
  now: () => number,
): Promise<Approvers> {
  const shelf = state.shelf<Kept>('approver');
  const all = new Map(shelf.all().map(each => [each.name, each]));
  const keep = (approver: Kept): void => {
    shelf.put(approver.name, approver);
    all.set(approver.name, approver);
  };
  const find = (name: string): Kept => {
    const approver = all.get(name);
    if (approver?.step === 'there') return approver;
    throw new Fault(exitCode.missing, `There is no approver ${name}.`, 'List them with: tf approver list');
  };

  /** Those whose entry is on its way to the disk. */
  const underWay = new Set<string>();
  async function written(type: EntryType, name: string, more: object): Promise<void> {
    underWay.add(name);
    try {
      await log.record({ type, run: null, approver: name, ...more });
    } finally {
      underWay.delete(name);
    }
  }
  /** Kept in the state first, in the log then: whatever ends the proxy in between, the next one completes it. */
  async function enter(approver: Kept, by: string): Promise<Approver> {
    const { step: _, name, added_at: __, ...fields } = approver;
    try {
      await written('approver.added', name, { ...fields, by });
    } catch (error) {
      // Nobody knows whether it is on disk: that he is gone has to be, before there is nobody again.
      keep({ ...approver, step: 'removing' });
      throw error;
    }
    keep({ ...approver, step: 'there' });
    return shown(approver);
  }
  async function leave(approver: Kept, by: string): Promise<Approver> {
    await written('approver.removed', approver.name, { key: approver.key, by });
    shelf.remove(approver.name);
    all.delete(approver.name);
    return shown(approver);
  }
  /** Ends what was left half done. */
  async function complete(): Promise<void> {
    for (const approver of [...all.values()].filter(({ name }) => !underWay.has(name))) {
      if (approver.step === 'adding') await enter(approver, 'restart');
      if (approver.step === 'removing') await leave(approver, 'restart');
    }
  }
  /** The proxy's key for answers; its public half is in the log before it signs. */
  async function ownKey(): Promise<string> {
    const key = keys.current(own);
    if (state.get('approvals.key') !== key.id) {
      await log.record({ type: 'key.created', run: null, purpose: 'approvals', key });
      state.set('approvals.key', key.id);
    }
    return key.id;
  }
  await complete();

  return {
    list: () => [...all.values()].filter(({ step }) => step === 'there').map(shown),
    find: name => shown(find(name)),
    required: () => all.size > 0,
    async add(fields, by) {
      await complete();
      const approver: Kept = { ...fields, ...readKey(fields), added_at: new Date(now()).toISOString(), step: 'adding' };
      if (!/^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,62}$/.test(fields.name))
        throw new Fault(exitCode.usage, "An approver's name has up to 63 letters, digits, and . _ @ - between them.");
      const taken = conflict(approver, [...all.values()]);
      if (taken !== null)
        throw new Fault(
          exitCode.failed,
          taken,
          'Nothing was changed. To replace a key: tf approver remove NAME, then add.',
        );
      keep(approver);
      return enter(approver, by);
    },
    async remove(name, by) {
      await complete();
      const approver: Kept = { ...find(name), step: 'removing' };
      keep(approver);
      return leave(approver, by);
    },
    check(signed, { id, binding }, { verdict, scope }) {
      const approver = find(signed.approver);
      const good =
        signed.via === 'cli'
          ? signed.key === approver.key && isSignedBy(signed, parseApproverKey(approver.public_key))
          : signed.key === state.get('approvals.key') &&
            keys.verify(own, Buffer.from(signed.statement), { key: signed.key, value: signed.signature });
      if (!good) throw refused(`The signature is not that of ${approver.name}.`, `His key is ${approver.key}.`);
      const expected = { approval: id, binding, verdict, scope, approver: approver.name };
      const differs = disagreement(signed.statement, expected, now());
      if (differs !== null) throw refused(`What ${approver.name} signed is not this answer: ${differs}.`);
      return shown(approver);
    },
    permit({ name }, asked, before) {
      const why = objection(find(name), asked, before);
      if (why !== null) throw refused(why, 'Who may answer: tf approver list');
    },
    async vouch(name, { id, binding }, { verdict, scope }, via) {
      const key = await ownKey();
      const at = new Date(now()).toISOString();
      const approver = find(name).name;
      const statement = printStatement({ v: 1, approval: id, binding, verdict, scope, approver, at });
      const { value } = keys.sign(own, Buffer.from(statement));
      return { approver, key, statement, signature: value, via };
    },
  };
}

/** Why somebody can't be one more approver, or null: one person with two names would be two of two people. */
function conflict(approver: Approver, all: readonly Approver[]): string | null {
  for (const other of all) {
    if (other.name === approver.name) return `There is an approver ${other.name} already.`;
    if (other.key === approver.key) return `This key is that of ${other.name} already.`;
    const user = [...approver.users, ...(approver.email === null ? [] : [approver.email])].find(sub =>
      isUser(other, { sub }),
    );
    if (user !== undefined) return `${user} is the approver ${other.name} already.`;
    if (approver.slack !== null && approver.slack === other.slack)
      return `${approver.slack} at Slack is the approver ${other.name} already.`;
  }
  return null;
}

/** The key as it is kept. Throws `Fault` (usage). */
function readKey({ name, public_key }: NewApprover): Pick<Approver, 'key' | 'public_key'> {
  try {
    const key = createPublicKey(parseApproverKey(public_key).export({ type: 'spki', format: 'pem' }));
    return { key: keyId(key), public_key: key.export({ type: 'spki', format: 'pem' }) as string };
  } catch (error) {
    throw new Fault(exitCode.usage, `The public key of ${name} can't be used: ${(error as Error).message}`);
  }
}
