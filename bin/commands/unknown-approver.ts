/** A permission that waits for somebody who isn't registered waits until its approvals are over; nobody would notice a slip in a name. */
import type { Approver } from '../../src/approvers/index.js';
import type { Permission } from '../../src/model.js';
import { call } from '../control.js';

/** What a person should know of those who must approve, as a sentence; null if there are enough of them. */
export async function unknownApprover({
  approvers = [],
  approvals = 1,
}: Pick<Permission, 'approvers' | 'approvals'>): Promise<string | null> {
  if (approvers.length === 0 && approvals === 1) return null;
  const registered = (await call('GET', '/approvers')) as readonly Approver[];
  const are =
    (known: string) =>
    ({ name, roles }: Approver) =>
      name === known || roles.some(role => `role:${role}` === known);
  const nobody = approvers.filter(known => !registered.some(are(known)));
  const able = registered.filter(person => approvers.length === 0 || approvers.some(known => are(known)(person)));
  if (nobody.length === 0 && able.length >= approvals) return null;
  const why = nobody.length > 0 ? `No approver is ${nobody.join(' or ')} yet` : 'There are too few approvers yet';
  const then = able.length < approvals ? ', and nothing is approved by this until there are enough' : '';
  return `${why}${then}. See: tf approver list`;
}
