/** Rules: whose yes can count, and how often one person's does. */
import type { Approval } from '../approvals/index.js';
import type { User } from '../model.js';
import type { Approver } from './index.js';

/** What the rules look at. */
export type Asked = Pick<Approval, 'subject'> & Partial<Pick<Approval, 'demands' | 'yes'>>;

/** A name or address without what can be spelled in several ways. */
const plain = (text: string): string => text.normalize('NFKC').trim().toLowerCase();

/**
 * Whether an approver is this user, whichever provider says so, also by the address that his mail goes to: taken for himself
 * once too often does no harm.
 */
export function isUser(
  { users, email: address }: Pick<Approver, 'users' | 'email'>,
  { sub, email }: Pick<User, 'sub' | 'email'>,
): boolean {
  const known = [...users, address ?? ''].map(plain);
  return [sub, email ?? ''].map(plain).some(each => each !== '' && known.includes(each));
}

/** Why this approver may not approve that, or null; `before`: names of those who have approved it already. */
export function objection(
  approver: Pick<Approver, 'name' | 'users' | 'roles' | 'email' | 'added_at'>,
  { subject: { user }, demands, yes = [] }: Asked,
  before: readonly string[] = yes.flatMap(({ approver: one, at }) =>
    one === null || at < approver.added_at ? [] : one,
  ),
): string | null {
  const { name, roles } = approver;
  if (isUser(approver, user)) return `${name} is ${user.sub}, for whom it is asked: nobody approves a run of his own.`;
  const named = (one: string): boolean => one === name || roles.some(role => one === `role:${role}`);
  if (demands?.some(({ approvers }) => approvers.length === 0 || approvers.some(named)) === false)
    return `${name} is not among those who may approve this (${demands.flatMap(({ approvers }) => approvers).join(', ')}).`;
  return before.includes(name) ? `${name} has approved it already: it takes another person.` : null;
}
