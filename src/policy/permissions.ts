/**
 * Permissions: from what a person wrote to what the policy reads. Everything is checked here, with all faults at once,
 * so that the policy only compares.
 */
import { patternFault } from '../action/pattern.js';
import type { Effect, Permission } from '../model.js';
import { mostLimits, type ParsedLimit, parseBudget, parseRate } from '../spending/index.js';
import { parseHours, printHours } from './hours.js';
import { parseRepeats } from './repeats.js';
import { parseWhere } from './where.js';

/** A permission before it has an id and a time. */
export type PermissionDraft = Omit<Permission, 'id' | 'created_at'>;

/** The permission, or every fault as a sentence. */
export type ParsedPermission =
  | { readonly permission: PermissionDraft; readonly faults?: undefined }
  | { readonly permission?: undefined; readonly faults: readonly string[] };

const effects: readonly string[] = ['allow', 'deny', 'require_approval', 'defer'] satisfies readonly Effect[];
const texts = ['gateway', 'action', 'effect', 'resource', 'where', 'reason'];
const members = [...texts, 'rate', 'budget', 'hours', 'repeats', 'approvers', 'approvals'];
/** At most so many people are asked about one request. */
const mostApprovals = 10;
const mostApprovers = 20;
const lengths = { gateway: 100, action: 200, resource: 500, reason: 300 };

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
  const hours = hoursIn(fields, faults);
  const repeats = repeatsIn(fields, effect, faults);
  const demands = demandsIn(fields, effect, faults);
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
      ...(hours !== null && { hours }),
      ...(repeats !== null && { repeats }),
      ...demands,
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

/** The hours in their one spelling, or null. One text, or a list of them. */
function hoursIn(fields: Readonly<Record<string, unknown>>, faults: string[]): string | null {
  const given = [fields.hours ?? []].flat();
  if (given.length === 0) return null;
  const texts = given.filter(text => typeof text === 'string');
  if (texts.length < given.length || texts.length > 16) {
    faults.push('hours is a text or a list of them.');
    return null;
  }
  const { hours, faults: found = [] } = parseHours(...texts);
  faults.push(...found);
  return hours === undefined ? null : printHours(hours);
}

function repeatsIn({ repeats }: Readonly<Record<string, unknown>>, effect: string, faults: string[]): string | null {
  if (repeats === undefined || repeats === null) return null;
  const parsed = typeof repeats === 'string' ? parseRepeats(repeats) : 'repeats is a text such as 5/min.';
  if (typeof parsed === 'string') faults.push(parsed);
  else if (effect !== 'allow') faults.push('Repeats limit what is allowed: the effect is then allow.');
  return typeof parsed === 'string' ? null : parsed.text;
}

/** Who may approve it, and how many of them it takes. */
function demandsIn(
  { approvers, approvals }: Readonly<Record<string, unknown>>,
  effect: string,
  faults: string[],
): Pick<Permission, 'approvers' | 'approvals'> {
  const names = [approvers ?? []].flat();
  const known = [...new Set(names.filter(name => typeof name === 'string'))];
  const few = approvals ?? 1;
  if (known.length > mostApprovers || names.some(name => typeof name !== 'string' || !approverPattern.test(name)))
    faults.push(
      `Approvers are at most ${mostApprovers} names of letters, digits and ".", "_", "@", "-", or role:NAME.`,
    );
  if (typeof few !== 'number' || !Number.isInteger(few) || few < 1 || few > mostApprovals)
    faults.push(`It can take 1 to ${mostApprovals} approvers: --approvers 2.`);
  else if (known.length > 0 && few > known.length && !known.some(name => name.startsWith('role:')))
    faults.push(`It takes ${few} approvers, and names ${known.length}: nobody could approve it.`);
  if (effect !== 'require_approval' && (names.length > 0 || few !== 1))
    faults.push('Approvers are asked when an approval is required: the effect is then require_approval.');
  return {
    ...(known.length > 0 && { approvers: known }),
    ...(few !== 1 && { approvals: few as number }),
  };
}

const approverPattern = /^(role:)?[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;
