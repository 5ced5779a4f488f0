/**
 * Granted: permissions ∩ grants. Whatever a policy allows, every grant of the caller must cover every part of it; grants only
 * ever take away. A resource that isn't certain is covered only by a grant that names none.
 */
import { matchesPattern } from '../action/pattern.js';
import type { Action, Caller, Decision, Gateway, Grant, Question, Resource } from '../model.js';

/** One thing that a request would do. */
export interface Part {
  readonly action: Action;
  readonly resource: Resource;
}

/** A request as a question or a meaning has it. */
type Parts = Part & { readonly also?: readonly Part[] | undefined };

/** What stands between a caller and what a policy allows. */
export interface Obstacle {
  /** `grant:gr_…`; `grant` if there should be one and isn't. */
  readonly rule: string;
  readonly reason: string;
}

const written = ({ type, id }: Resource): string => (id === '' ? type : `${type}:${id}`);

/** Whether a grant covers a part. */
export function covers({ actions, resources }: Pick<Grant, 'actions' | 'resources'>, part: Part): boolean {
  const { name, aliases = [], unknown } = part.action;
  if (![name, ...aliases].some(each => actions.some(pattern => matchesPattern(pattern, each, '.')))) return false;
  if (resources.length === 0) return true;
  if (unknown.includes('resource')) return false;
  return resources.some(pattern => matchesPattern(pattern, written(part.resource), '/'));
}

/** What a grant covers, in words. */
const scope = ({ actions, resources }: Grant): string =>
  `${actions.join(', ')}${resources.length === 0 ? '' : ` on ${resources.join(', ')}`}`;

const next = 'Do without it, or ask for a grant that covers it: tf grant issue.';

/**
 * Why the caller's grants don't let a request through, or null if they do. Each gateway of its chain that requires grants
 * needs one of its own among them.
 */
export function obstacle(
  { subject, grants }: Caller,
  { action, resource, also = [] }: Parts,
  gateway: (name: string) => Pick<Gateway, 'grants'> | undefined,
): Obstacle | null {
  for (const grant of grants)
    for (const part of [{ action, resource }, ...also]) {
      if (covers(grant, part)) continue;
      const about = part.action.unknown.includes('resource') ? 'something unknown' : written(part.resource);
      return {
        rule: `grant:${grant.id}`,
        reason: `The grant ${grant.id} for "${grant.task}" covers ${scope(grant)}, and not ${part.action.name} on ${about}. ${next}`,
      };
    }
  for (const name of subject.chain)
    if (gateway(name)?.grants === 'required' && !grants.some(grant => grant.gateway === name))
      return {
        rule: 'grant',
        reason: `The gateway ${name} may act only under a grant, and there is none. Ask for one: tf grant issue --gateway ${name}.`,
      };
  return null;
}

/**
 * The decision as far as the caller's grants reach. What they don't cover they deny, also what the policy denies anyhow: of that
 * no fact was looked up, and the policy's reason could be that it lacks one.
 */
export function withinGrants(
  decision: Decision,
  question: Question,
  caller: Caller,
  gateway: (name: string) => Pick<Gateway, 'grants'> | undefined,
): Decision {
  const found = obstacle(caller, question, gateway);
  return found === null ? decision : { effect: 'deny', ...found, secret: null, policy_sha256: decision.policy_sha256 };
}
