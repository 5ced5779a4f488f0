/** Confirm: a policy that was changed while a request waited for its approval is asked again. */
import { Refusal } from '../../src/errors.js';
import type { Trace } from '../../src/gateway.js';
import type { Grants } from '../../src/identity/grants.js';
import { type Policy, stillStands } from '../../src/policy/index.js';
import { at } from '../../src/policy/question.js';

/**
 * Throws `Refusal` (`denied`) if the grant that it was asked under is no more, or what a human has approved doesn't stand under
 * the policy that is in force now.
 */
export async function confirmed(
  { policy, grants }: { readonly policy: Pick<Policy, 'decide'>; readonly grants: Pick<Grants, 'live'> },
  trace: Trace,
  now: () => number = Date.now,
): Promise<void> {
  const { grant } = trace.question!;
  if (grant !== null && !grants.live(grant.id))
    throw new Refusal('denied', `The grant ${grant.id} for "${grant.task}" ended while it waited for its approval.`, {
      rule: `grant:${grant.id}`,
    });
  // Also where the policy is the same: hours may have ended meanwhile, and a freeze begun.
  stillStands(trace.decision!, await policy.decide(at(trace.question!, now())));
}
