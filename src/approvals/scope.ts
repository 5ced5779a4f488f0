/** Scope: how far a yes reaches, and what is left of it. */
import { exitCode, Fault } from '../errors.js';
import type { Approval, Scope } from './approval.js';

/** Longest time that a yes may stand, in milliseconds: 30 days. */
export const longest = 30 * 86_400_000;
/** Most uses that a yes may have. */
export const most = 10_000;

/** How often it may be used in all; null: as often as it is sent. What names neither time, number nor run counts once. */
const usesOf = ({ count, for_ms, run }: Scope): number | null =>
  count ?? (for_ms === undefined && run === undefined ? 1 : null);

/** What two people's yes have in common: the stricter of each. */
export function narrowed(one: Scope, other: Scope): Scope {
  const least = (a: number | null | undefined, b: number | null | undefined): number | undefined =>
    a == null ? (b ?? undefined) : b == null ? a : Math.min(a, b);
  const count = least(usesOf(one), usesOf(other));
  const for_ms = least(one.for_ms, other.for_ms);
  return {
    ...(for_ms !== undefined && { for_ms }),
    ...(count !== undefined && { count }),
    ...((one.run || other.run) && { run: true as const }),
    ...(one.resource && other.resource && { resource: true as const }),
  };
}

/** Throws `Fault` (usage) unless an approval can be granted so. */
export function checkScope(scope: Scope, approval: Pick<Approval, 'resource' | 'also'>): void {
  const { for_ms, count, resource } = scope;
  if (for_ms !== undefined && !(Number.isInteger(for_ms) && for_ms > 0 && for_ms <= longest))
    throw new Fault(exitCode.usage, 'An approval stands for 30 days at most.', 'For example: --for 30m');
  if (count !== undefined && !(Number.isInteger(count) && count > 0 && count <= most))
    throw new Fault(exitCode.usage, `--count is a number from 1 to ${most}.`, 'For example: --count 5');
  const parts = [approval, ...(approval.also ?? [])];
  if (resource && parts.some(part => part.resource.id === ''))
    throw new Fault(
      exitCode.usage,
      "Which resource it is about isn't known, so it can't be approved by its resource.",
      'Approve the request as it is, without --resource.',
    );
}

/** How often it may still be used; null: as often as it is sent. */
export function leftOf({ scope, used }: Approval): number | null {
  const uses = usesOf(scope ?? {});
  return uses === null ? null : Math.max(0, uses - used);
}
