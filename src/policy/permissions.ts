/**
 * Permissions: from what a person wrote to what the policy reads. Everything is checked here, with all faults at once,
 * so that the policy only compares.
 */
import { patternFault, specificity } from '../action/pattern.js';
import { exitCode, Fault } from '../errors.js';
import type { Effect, Gateway, Permission } from '../model.js';
import { mostLimits, type ParsedLimit, parseBudget, parseRate } from '../spending/index.js';
import { type Condition, type Literal, parseWhere } from './where.js';

/** A permission before it has an id and a time. */
export type PermissionDraft = Omit<Permission, 'id' | 'created_at'>;

/** The permission, or every fault as a sentence. */
export type ParsedPermission =
  | { readonly permission: PermissionDraft; readonly faults?: undefined }
  | { readonly permission?: undefined; readonly faults: readonly string[] };

/** A condition as the policy reads it: the name's steps, and for `matches` the pattern's segments. */
interface ConditionData {
  readonly name: string;
  readonly path: readonly string[];
  readonly op: Condition['op'];
  readonly value: Literal | readonly Literal[];
}

/** A permission as the policy reads it. */
export interface PermissionData {
  readonly id: string;
  readonly effect: Effect;
  readonly action: string;
  /** Segments of the resource pattern, beginning with the type; null for any resource. */
  readonly resource: readonly string[] | null;
  readonly where: readonly ConditionData[];
  readonly reason: string;
  /** Numbers of literal segments: what makes a pattern specific. */
  readonly literals: { readonly action: number; readonly resource: number };
  /** Whether the action pattern has no `*`. */
  readonly exact: boolean;
  /** Its rates and budgets, if it has any. */
  readonly limits?: { readonly rate: readonly string[]; readonly budget: readonly string[] };
}

/** Where a gateway's permissions are in its list, by action pattern. */
interface ActionIndex {
  /** Patterns that are found by their text: without a `*`, or with one only at the end. */
  readonly spelled: { readonly [pattern: string]: readonly number[] };
  /** Patterns with a `*` before the end, which are tried one by one. */
  readonly others: readonly { readonly segments: readonly string[]; readonly positions: readonly number[] }[];
}

/** `data` of the policy (described in `policies/data.schema.json`). */
export interface PolicyData {
  readonly tollfence: {
    readonly permissions: { readonly [gateway: string]: readonly PermissionData[] };
    readonly index: { readonly [gateway: string]: ActionIndex };
    readonly gateways: {
      readonly [gateway: string]: Pick<Gateway, 'environment' | 'labels'>;
    };
  };
}

/**
 * A gateway has at most this many permissions, and conditions in all of them. This bounds what the longest question can
 * cost: about 0.3 ms for each condition that looks through a list of that length (`bench/policy.ts`).
 */
export const permissionLimits = { permissions: 1000, conditions: 500 };

const effects: readonly string[] = ['allow', 'deny', 'require_approval', 'defer'] satisfies readonly Effect[];
const texts = ['gateway', 'action', 'effect', 'resource', 'where', 'reason'];
const members = [...texts, 'rate', 'budget'];
const lengths = { gateway: 100, action: 200, resource: 500, reason: 300 };
const verbs = { allow: 'allows', deny: 'denies', require_approval: 'requires approval for', defer: 'defers' };

/** Reads the fields of `tf permissions set`. `resource`, `where` and `reason` may be absent or null. */
export function parsePermission(fields: Readonly<Record<string, unknown>>): ParsedPermission {
  const faults: string[] = [];
  const text = (member: string): string => {
    const value = fields[member] ?? '';
    if (typeof value !== 'string') faults.push(`${member} must be a string.`);
    else if (/[\u0000-\u001f\u007f-\u009f]/.test(value) || /\p{Surrogate}/u.test(value)) {
      faults.push(`${member} contains control characters or broken Unicode.`);
    } else if (value.length > (lengths[member as keyof typeof lengths] ?? Number.POSITIVE_INFINITY)) {
      faults.push(`${member} is longer than ${lengths[member as keyof typeof lengths]} characters.`);
    } else return value;
    return '';
  };
  for (const member of Object.keys(fields)) {
    // A restriction that is not understood must not be dropped silently.
    if (!members.includes(member))
      faults.push(`A permission has no ${JSON.stringify(member)}; it has ${members.join(', ')}.`);
  }
  const [gateway, action, effect, resource, where, reason] = texts.map(text) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (faults.length === 0) {
    if (gateway === '') faults.push('The gateway is missing: --gateway NAME.');
    if (!effects.includes(effect))
      faults.push(`The effect ${JSON.stringify(effect)} is not one of ${effects.join(', ')}.`);
    // `--where "$CONDITION"` without that variable is not meant to restrict nothing.
    for (const member of ['resource', 'where'])
      if (fields[member] === '') faults.push(`--${member} is empty: write what it should be, or leave it out.`);
    const patterns = [patternFault(action, '.'), resource === '' ? null : patternFault(resource, '/')];
    faults.push(...patterns.filter(fault => fault !== null));
    faults.push(...((where === '' ? undefined : parseWhere(where).faults) ?? []));
  }
  const rate = limitsIn(fields, 'rate', parseRate, faults);
  const budget = limitsIn(fields, 'budget', parseBudget, faults);
  if (rate.length + budget.length > mostLimits)
    faults.push(`A permission has at most ${mostLimits} rates and budgets.`);
  if (rate.length + budget.length > 0 && (effect === 'deny' || effect === 'defer'))
    faults.push('A rate or a budget limits what is allowed: the effect is then allow or require_approval.');
  if (faults.length > 0) return { faults };
  return {
    permission: {
      gateway,
      action,
      effect: effect as Effect,
      resource: resource || null,
      where: where || null,
      reason,
      ...(rate.length > 0 && { rate }),
      ...(budget.length > 0 && { budget }),
    },
  };
}

/** The limits of one kind, each in its one spelling. One text, or a list of them. */
function limitsIn(
  fields: Readonly<Record<string, unknown>>,
  member: string,
  parse: (text: string) => ParsedLimit,
  faults: string[],
): readonly string[] {
  const given = [fields[member] ?? []].flat();
  const limits = given.flatMap(each => {
    const limit =
      typeof each === 'string' && each.length <= 100 ? parse(each) : `${member} is a text or a list of them.`;
    if (typeof limit !== 'string') return [limit];
    faults.push(limit);
    return [];
  });
  for (const [i, { unit, period }] of limits.entries())
    if (limits.slice(0, i).some(other => other.unit === unit && other.period === period))
      faults.push(`There are two limits of ${unit} a ${period}.`);
  return limits.map(({ text }) => text);
}

/**
 * What the policy reads. Permissions of one gateway keep their order; among equals the first wins.
 * Throws a Fault that names the permission if a stored one can't be read: half a policy is none.
 */
export function toData(permissions: readonly Permission[], gateways: readonly Gateway[]): PolicyData {
  const lists = new Map<string, PermissionData[]>();
  for (const permission of permissions) {
    const list = lists.get(permission.gateway) ?? [];
    list.push(compiled(permission));
    lists.set(permission.gateway, list);
  }
  for (const [gateway, list] of lists) {
    const conditions = list.reduce((sum, { where }) => sum + where.length, 0);
    if (list.length > permissionLimits.permissions || conditions > permissionLimits.conditions) {
      const { permissions: most, conditions: mostConditions } = permissionLimits;
      throw new Fault(
        exitCode.failed,
        `${gateway} has more than ${most} permissions, or more than ${mostConditions} conditions in them.`,
        'Join some of them with patterns, or write a policy in Rego: `tf policy --help`.',
      );
    }
  }
  return {
    tollfence: {
      permissions: Object.fromEntries(lists),
      index: Object.fromEntries([...lists].map(([gateway, list]) => [gateway, indexed(list)])),
      gateways: Object.fromEntries(gateways.map(({ name, environment, labels }) => [name, { environment, labels }])),
    },
  };
}

function compiled(permission: Permission): PermissionData {
  const { id, created_at: _, ...fields } = permission;
  const { faults } = parsePermission(fields);
  if (faults) {
    throw new Fault(
      exitCode.failed,
      `${id} cannot be read: ${faults.join(' ')}`,
      `Remove it with \`tf permissions remove ${id}\`.`,
    );
  }
  const { effect, action, resource, where, reason, rate = [], budget = [] } = permission;
  const about = `${action}${resource === null ? '' : ` on ${resource}`}${where === null ? '' : ` where ${where}`}`;
  return {
    id,
    effect,
    action,
    resource: resource === null ? null : segments(resource),
    where: where === null ? [] : (parseWhere(where).conditions ?? []).map(conditionData),
    reason: reason || `${id} ${verbs[effect]} ${about}.`,
    literals: { action: specificity(action, '.'), resource: resource === null ? 0 : specificity(resource, '/') },
    exact: !action.includes('*'),
    ...(rate.length + budget.length > 0 && { limits: { rate, budget } }),
  };
}

const conditionData = ({ name, op, value }: Condition): ConditionData => ({
  name,
  path: name.split('.'),
  op,
  value: op === 'matches' ? String(value).split('/') : value,
});

function segments(resource: string): string[] {
  const colon = resource.indexOf(':');
  return colon < 0 ? [resource] : [resource.slice(0, colon), ...resource.slice(colon + 1).split('/')];
}

function indexed(list: readonly PermissionData[]): ActionIndex {
  const positions = new Map<string, number[]>();
  list.forEach(({ action }, i) => void positions.set(action, [...(positions.get(action) ?? []), i]));
  const early = (pattern: string): boolean => pattern.split('.').slice(0, -1).includes('*');
  return {
    spelled: Object.fromEntries([...positions].filter(([pattern]) => !early(pattern))),
    others: [...positions]
      .filter(([pattern]) => early(pattern))
      .map(([pattern, at]) => ({ segments: pattern.split('.'), positions: at })),
  };
}
