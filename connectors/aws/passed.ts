/**
 * Roles that a request hands to a service: whoever may start something with a role may do what the role may. IAM has a
 * permission of its own for that, so it is an action of its own here: `aws.iam.PassRole`, about the role.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
import type { Meaning, Value } from '../../src/model.js';
import type { Place } from './host.js';
import { mostAtOnce } from './meaning.js';
import type { Operation } from './model.js';
import type { Pairs } from './values.js';

/** Members that hold a role, by name or by ARN: `Role`, `taskRoleArn`, `IamInstanceProfile`, API Gateway's `credentials`. */
const isRole = (member: string): boolean =>
  /roles?(arns?|names?)?$|instanceprofile(arn|name)?$|^(authorizer|integration)?credentials(arn)?$/i.test(member);

const isRoleArn = (text: string): boolean => /^arn:[a-z-]+:iam::[0-9]{12}:role\/[\w+=,.@/-]+$/.test(text);

/** All texts in a document that are a role, or stand where one is. */
function inDocument(value: Value | undefined, named: boolean): readonly string[] {
  if (typeof value === 'string') return value !== '' && (named || isRoleArn(value)) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Array.isArray(value)
    ? (value as readonly Value[]).flatMap(one => inDocument(one, named))
    : Object.entries(value).flatMap(([name, one]) => inDocument(one as Value, named || isRole(name)));
}

/** The same in a form, whose names are paths: `LaunchTemplateData.IamInstanceProfile.Name`. */
const inForm = (pairs: Pairs): readonly string[] =>
  pairs.flatMap(([name, value]) => inDocument(value, name.split('.').some(isRole)));

/** What is passed by a request of this operation; `null` instead of what it says if that can't be read. */
export function passedBy(
  place: Place,
  { passes, access, service }: Operation,
  said: { readonly document: Value | undefined } | { readonly pairs: Pairs } | null,
): readonly Meaning[] {
  if (!passes || access === 'list' || access === 'read') return [];
  const texts = said === null ? [''] : 'pairs' in said ? inForm(said.pairs) : inDocument(said.document, false);
  const roles = new Set(texts.map(text => (isRoleArn(text) ? text : '')));
  return [...(roles.size > mostAtOnce ? [''] : roles)].map(role => ({
    action: 'iam.PassRole',
    access: 'permissions',
    resource: role === '' ? `arn:${place.partition}:iam:::` : role,
    parameters: { service: 'iam', region: 'global', passed_to: service },
    ...(role === '' && { unknown: ['resource'] }),
  }));
}
