/**
 * Data: permissions, gateways and freezes as the policy reads them (`policies/data.schema.json`). Texts are taken apart here,
 * so that the policy only compares.
 */
import { specificity } from '../action/pattern.js';
import { exitCode, Fault } from '../errors.js';
import type { Effect, Freeze, Gateway, Permission } from '../model.js';
import type { FreezeData } from './freezes.js';
import { parseHours, printHours } from './hours.js';
import { parsePermission } from './permissions.js';
import { type Condition, type Literal, parseWhere } from './where.js';

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
  /** When it applies, with the time zone; absent for always. `input.context.within` has it while it does. */
  readonly hours?: string;
  /** Beyond so many identical requests a loop is suspected (`5/min`); absent if none are counted. */
  readonly repeats?: string;
  /** Who may approve it, and how many of them it takes; absent: any one. */
  readonly approvers?: readonly string[];
  readonly approvals?: number;
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
    /** Stretches of time in which nothing is changed; they hold whatever the policy says. */
    readonly freezes: readonly FreezeData[];
  };
}

/** What applies to all gateways: the operator's time zone, and the freezes. */
export interface Around {
  readonly timezone: string;
  readonly freezes: readonly Freeze[];
}

/**
 * A gateway has at most this many permissions, and conditions in all of them. This bounds what the longest question can
 * cost: about 0.3 ms for each condition that looks through a list of that length (`bench/policy.ts`).
 */
export const permissionLimits = { permissions: 1000, conditions: 500 };

/**
 * What the policy reads. Permissions of one gateway keep their order; among equals the first wins.
 * Throws a Fault that names the permission if a stored one can't be read: half a policy is none.
 */
export function toData(
  permissions: readonly Permission[],
  gateways: readonly Gateway[],
  { timezone, freezes }: Around = { timezone: 'UTC', freezes: [] },
): PolicyData {
  const lists = new Map<string, PermissionData[]>();
  for (const permission of permissions) {
    const list = lists.get(permission.gateway) ?? [];
    list.push(compiled(permission, timezone));
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
      freezes: freezes.map(({ id, from, until, timezone, gateway, action, reason }) => ({
        ...{ id, from, until, timezone, gateway, action, reason },
      })),
    },
  };
}

const verbs = { allow: 'allows', deny: 'denies', require_approval: 'requires approval for', defer: 'defers' };

function compiled(permission: Permission, timezone: string): PermissionData {
  const { id, created_at: _, ...fields } = permission;
  const { faults } = parsePermission(fields);
  if (faults) {
    throw new Fault(
      exitCode.failed,
      `${id} cannot be read: ${faults.join(' ')}`,
      `Remove it with \`tf permissions remove ${id}\`.`,
    );
  }
  const { effect, action, resource, where, reason, rate = [], budget = [], repeats, approvers, approvals } = permission;
  const hours = permission.hours === undefined ? undefined : parseHours(permission.hours).hours;
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
    ...(hours !== undefined && { hours: printHours(hours, timezone) }),
    ...(repeats !== undefined && { repeats }),
    ...(approvers !== undefined && { approvers }),
    ...(approvals !== undefined && { approvals }),
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
