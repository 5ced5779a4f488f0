/** Again: whether the policy still asks for what people have consented to while a request waited. */
import { Refusal } from '../errors.js';
import type { Decision } from '../model.js';

const demanded = ({ demands, approvers, approvals }: Decision): string =>
  JSON.stringify([demands, approvers, approvals]);
const counted = ({ limits = [] }: Decision): string => JSON.stringify(limits);
const credential = ({ secret, exact = false }: Decision): string => JSON.stringify([secret, exact]);

/**
 * Throws `Refusal` (`denied`) unless what was consented to under the decision `before` may go on under `now`: the policy denies or
 * defers it by now, or wants other people, another credential or other limits, by which nothing was set aside. `policy_unavailable`
 * where the policy couldn't say (rule `policy`): the consent isn't used up, and may be redeemed by the same request later.
 */
export function stillStands(before: Decision, now: Decision): void {
  if (now.effect === 'deny' && now.rule === 'policy')
    throw new Refusal('policy_unavailable', now.reason, {
      ...{ rule: now.rule, retryAfter: 1, next: 'Nothing was sent. Send it again: the approval stands.' },
    });
  if (now.effect === 'deny' || now.effect === 'defer') throw new Refusal('denied', now.reason, { rule: now.rule });
  const changed = [
    ...(now.effect === 'require_approval' && demanded(now) !== demanded(before) ? ['Who must approve it was'] : []),
    ...(counted(now) === counted(before) ? [] : ['The limits that it counts by were']),
    ...(credential(now) === credential(before) ? [] : ['The credential that it may have was']),
  ];
  if (changed.length > 0)
    throw new Refusal('denied', `${changed[0]} changed while it waited for its approval.`, {
      rule: now.rule,
      next: 'Send it again.',
    });
}
