/**
 * From whatever a policy answers to a decision. What is not surely one of the four effects, in the right shape, is a
 * denial; so is an answer that asks for something which nobody would do.
 */
import type { Decision, Effect } from '../model.js';

const effects: ReadonlySet<unknown> = new Set<Effect>(['allow', 'deny', 'require_approval', 'defer']);
const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Longest rule and reason of a decision, in characters. */
const lengths = { rule: 128, reason: 500 };

/**
 * Reads the value of `tollfence/decision`; `digest` is that of the policy which gave it.
 * Throws an Error with a sentence if it can't be used.
 */
export function readAnswer(answer: unknown, digest: string): Decision {
  if (answer === undefined) throw new Error('The policy has no answer to this question.');
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new Error('The policy answered something that is not an object.');
  }
  const {
    effect,
    rule = 'rego',
    reason = '',
    secret = null,
    hold,
    exact = false,
    limits = [],
    mask,
    approvers = [],
    approvals = 1,
    demands = [],
  } = answer as Record<string, unknown>;
  const held = hold === undefined || hold === null ? undefined : milliseconds(hold);
  const demand: unknown = { approvers, approvals };
  const faults = [
    effects.has(effect) ||
      (effect === undefined ? 'it has no effect' : 'its effect is not allow, deny, require_approval or defer'),
    typeof rule === 'string' || 'its rule is not a string',
    typeof reason === 'string' || 'its reason is not a string',
    secret === null || (typeof secret === 'string' && secret !== '') || 'its secret is not the name of one',
    held !== null || 'its hold is not a duration such as "55s"',
    typeof exact === 'boolean' || 'its exact is not true or false',
    (Array.isArray(limits) && limits.every(id => typeof id === 'string')) || 'its limits are not a list of permissions',
    // To ignore these would be laxer than the policy says.
    nothing(mask) || 'it asks for a mask, which this version cannot apply',
    isDemand(demand) || 'its approvers are not a list of names, or its approvals not a number from 1 to 10',
    !isDemand(demand) || enough(demand) || 'it asks for more approvals than it names approvers',
    (Array.isArray(demands) && demands.every(isDemand) && demands.every(enough)) ||
      'its demands are not a list of approvers and how many of them it takes',
  ].filter(fault => fault !== true);
  if (faults.length > 0) throw new Error(`The policy's answer cannot be used: ${faults.join('; ')}.`);
  return {
    effect: effect as Effect,
    rule: bounded(rule as string, lengths.rule) || 'rego',
    reason: bounded(reason as string, lengths.reason) || 'The policy gives no reason.',
    secret: secret as string | null,
    policy_sha256: digest,
    ...(typeof held === 'number' ? { hold: held } : {}),
    ...(exact === true ? { exact } : {}),
    ...(effect === 'require_approval' && (approvers as string[]).length > 0 && { approvers: approvers as string[] }),
    ...(effect === 'require_approval' && approvals !== 1 && { approvals: approvals as number }),
    ...(effect === 'require_approval' && (demands as Demand[]).length > 1 && { demands: demands as Demand[] }),
    ...(effect !== 'deny' && (limits as string[]).length > 0 ? { limits: [...new Set(limits as string[])] } : {}),
  };
}

/** The denial that stands for a policy which gave no usable answer. */
export const denial = (reason: string, digest: string): Decision => ({
  effect: 'deny',
  rule: 'policy',
  reason: bounded(reason, lengths.reason),
  secret: null,
  policy_sha256: digest,
});

type Demand = NonNullable<Decision['demands']>[number];

const isDemand = (value: unknown): value is Demand => {
  const { approvers, approvals } = (value ?? {}) as Record<string, unknown>;
  const named = Array.isArray(approvers) && approvers.every(name => typeof name === 'string' && name !== '');
  return named && Number.isInteger(approvals) && (approvals as number) >= 1 && (approvals as number) <= 10;
};

/** Whether so many different people may be among those who are named. */
const enough = ({ approvers, approvals }: Demand): boolean =>
  approvers.length === 0 || new Set(approvers).size >= approvals || approvers.some(name => name.startsWith('role:'));

const nothing = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

function milliseconds(text: unknown): number | null {
  const match = typeof text === 'string' ? /^(\d{1,6})(ms|s|m|h)$/.exec(text) : null;
  return match ? Number(match[1]) * units[match[2] as keyof typeof units] : null;
}

/** Made inert for terminals and logs, and cut at a whole character. */
function bounded(text: string, length: number): string {
  const inert = text.replace(/[\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]/gu, '\ufffd');
  return inert.length <= length ? inert : `${inert.slice(0, length - 1).replace(/\p{Surrogate}$/u, '')}…`;
}
