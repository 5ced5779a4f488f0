/** Demand: who must say yes before a request goes on. */
import { exitCode, Fault } from '../errors.js';
import type { Decision } from '../model.js';
import type { Answer, Approval, Demand, People, Person, Yes } from './approval.js';

/** Everything that a decision demands: each part of the request and each member of the chain has its own. */
export const demandsOf = ({ demands, approvers = [], approvals = 1 }: Decision): readonly Demand[] =>
  demands ?? [{ approvers, approvals }];

/** How many different people it takes at least. */
export const neededOf = ({ demands }: Pick<Approval, 'demands'>): number =>
  Math.max(...demands.map(({ approvals }) => approvals));

const among = ({ name, roles }: Person, { approvers }: Demand): boolean =>
  approvers.length === 0 || approvers.includes(name) || roles.some(role => approvers.includes(`role:${role}`));

/** Whether he said that, and not somebody of that name who was there before. */
const isHis =
  ({ name, added_at }: Person) =>
  ({ approver, at }: Yes): boolean =>
    approver === name && at >= added_at;

const refused = (message: string, hint = ''): Fault => new Fault(exitCode.refused, message, hint);

/** Who says yes to this: a registered approver, or null for the operator. Throws `Fault` (refused) if that one may not. */
export function approverOf(approval: Approval, { signed, scope = {} }: Answer, people: People): Person | null {
  const { demands, yes } = approval;
  if (signed === undefined) {
    if (people.required())
      throw refused('Approvers are registered, so one of them has to sign it.', 'List them with: tf approver list');
    const beyond = demands.find(({ approvers, approvals }) => approvers.length > 0 || approvals > 1);
    if (beyond === undefined) return null;
    const { approvers, approvals } = beyond;
    const who = approvers.length > 0 ? ` (${approvers.join(' or ')})` : '';
    throw refused(
      `It takes ${approvals === 1 ? 'a registered approver' : `${approvals} registered approvers`}${who}, and there is none.`,
      'Register one with: tf approver add NAME',
    );
  }
  const person = people.check(signed, approval, { verdict: 'granted', scope });
  people.permit(
    person,
    approval,
    yes.filter(isHis(person)).map(() => person.name),
  );
  if (!demands.some(demand => among(person, demand)))
    throw refused(
      `${person.name} is not among those who may approve this: ${demands.map(({ approvers }) => approvers.join(' or ')).join(', and ')}.`,
    );
  return person;
}

/** Whether everything that is demanded is met. Whoever isn't registered any more doesn't count. */
export function met({ demands, yes }: Approval, people: People): boolean {
  if (yes.every(({ approver }) => approver === null)) return yes.length > 0 && !people.required();
  const those = people.list().filter(person => yes.some(isHis(person)));
  return demands.every(demand => those.filter(person => among(person, demand)).length >= demand.approvals);
}
