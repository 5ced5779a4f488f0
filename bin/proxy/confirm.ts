/** Confirm: a policy that was changed while a request waited for its approval is asked again. */
import { Refusal } from '../../src/errors.js';
import type { Trace } from '../../src/gateway.js';
import type { Policy } from '../../src/policy/index.js';

/**
 * Throws `Refusal` (`denied`) if the policy that is in force now denies, or defers, what a human has approved, or counts it by
 * other limits: by those nothing was set aside.
 */
export async function confirmed(policy: Pick<Policy, 'decide' | 'digest'>, trace: Trace): Promise<void> {
  if (policy.digest === trace.decision!.policy_sha256) return;
  const again = await policy.decide(trace.question!);
  if (again.effect === 'deny' || again.effect === 'defer')
    throw new Refusal('denied', again.reason, { rule: again.rule });
  if (String(again.limits ?? []) !== String(trace.decision!.limits ?? []))
    throw new Refusal('denied', 'The limits that it counts by were changed while it waited for its approval.', {
      rule: again.rule,
      next: 'Send it again.',
    });
}
