/** What a PATCH of an object in a directory changes: an account that is disabled isn't merely "updated". */
import type { Meaning, Value } from '../../src/model.js';

type Changed = Pick<Meaning, 'action' | 'access' | 'parameters'>;

/** Members of which a change lets somebody in, or keeps somebody out; all else is an update. */
const decisive = (type: string, name: string, value: Value): string | null => {
  if (name === 'accountenabled') return `${type}.${value === true ? 'enable' : 'disable'}`;
  if (name === 'passwordprofile') return `${type}.reset_password`;
  // Who is in the group from then on.
  if (name.startsWith('membershiprule')) return `${type}.membership_rule.set`;
  // What the user signs in with, or is taken for by whom the directory trusts.
  if (type === 'user' && /^(userprincipalname|identities|onpremisesimmutableid|authorizationinfo)$/.test(name))
    return 'user.sign_in.set';
  if (name.endsWith('@odata.bind') || name.endsWith('@delta'))
    return `${type}.${name.startsWith('owner') ? 'owner' : 'member'}.add`;
  return null;
};

/**
 * Everything that these members change, each by itself; null if they can't be told: not an object, one of them twice in two
 * cases, or an account that is neither enabled nor disabled.
 */
export function changesOf(type: string, json: Value | undefined, usual: Meaning['access']): readonly Changed[] | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
  const members = Object.entries(json).map(([name, value]) => [name.toLowerCase(), value as Value] as const);
  const names = members.map(([name]) => name);
  if (new Set(names).size !== names.length || names.length > 100) return null;
  if (members.some(([name, value]) => name === 'accountenabled' && typeof value !== 'boolean')) return null;
  const special = new Set(members.flatMap(([name, value]) => decisive(type, name, value) ?? []));
  const fields = members.filter(([name, value]) => decisive(type, name, value) === null).map(([name]) => name);
  const changes = [...special].map((action): Changed => ({ action, access: 'permissions' }));
  if (fields.length === 0 && changes.length > 0) return changes;
  return [...changes, { action: `${type}.update`, access: usual ?? 'write', parameters: { fields } }];
}
