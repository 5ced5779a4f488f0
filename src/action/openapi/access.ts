/** How much harm an operation can do, as far as its description says. Pure; when in doubt, the greater harm. */
import type { Access, Hint } from '../../model.js';
import { items, type Node, node, own, type References, text } from './document.js';
import { snake } from './names.js';

/** Words for what decides who may do what. */
const rights = new Set(
  (
    'access acl acls certificate certificates collaborator collaborators credential credentials delegate delegates ' +
    'delegation delegations grant grants hook hooks iam impersonate invitation invitations invite invites key keys ' +
    'member members membership memberships mfa oauth oidc owner owners passkey passkeys password passwords permission ' +
    'permissions policies policy protection psk revoke role roles rotate ruleset rulesets saml scim secret secrets ' +
    'share shares sharing sso token tokens totp unrevoke vault vaults visibility webhook webhooks'
  ).split(' '),
);

/** What is got by its own name is told in full: whoever reads it may do what its owner may. Not a token of pages. */
const telling =
  /(?:^|_)(?:(?<!page_)token|secret|password|passphrase|psk|api_key|private_key|(?:recovery|backup|override|scratch|verification)_codes?|config_vars)$/;

/** Verbs that say that something is gone afterwards. */
const destroying = new Set('clear delete destroy drop erase purge truncate wipe'.split(' '));

/** Verbs that say that several are answered. */
const listing = /(?:^|[._])(?:list|search|index)(?:_|$)/;

/** Members of an answer that only has them when it is a page of many. */
const paging = /^(?:total|total_count|has_more|next_cursor|next_page|next_page_token|next_page_uri|paging|cursor)$/;

/** What an operation does by its method, its name, the literal segments of its path and the form of its answer. */
export function accessOf(
  method: string,
  action: string,
  path: string,
  operation: Node,
  references: References,
): Access {
  if (method === 'GET') {
    const last = path
      .replace(/\.\w+$/, '')
      .split('/')
      .at(-1)!;
    if (!last.includes('{') && telling.test(snake(last))) return 'permissions';
    return listing.test(action) || answersMany(operation, references) ? 'list' : 'read';
  }
  const words = [action, path.replace(/\{[^{}]*\}/g, '/')].flatMap(name => snake(name).split('_'));
  if (words.some(one => rights.has(one))) return 'permissions';
  return method === 'DELETE' || destroys(action) ? 'delete' : 'write';
}

const destroys = (action: string): boolean => action.split(/[._]/).some(word => destroying.has(word));

/** What else the description says of a change: that it destroys something, that nothing brings it back. */
export function hintsOf(action: string, access: Access, operation: Node): readonly Hint[] {
  if (access === 'list' || access === 'read') return [];
  const gone =
    /\b(?:cannot|can ?not|can['’]t) be (?:undone|reversed|recovered|restored)|\birreversibl[ey]\b|\bpermanently (?:delete|remove|destroy)/i;
  const hints: Hint[] = [];
  if (access === 'delete' && destroys(action)) hints.push('destructive');
  if (gone.test(`${text(operation.summary)} ${text(operation.description)}`)) hints.push('irreversible');
  return hints;
}

function answersMany(operation: Node, references: References): boolean {
  const answers = node(operation.responses);
  const answer = references.follow(own(answers, '200') ?? own(answers, 'default'));
  const content = node(Object.values(node(answer.content))[0]);
  const schema = references.follow(content.schema ?? answer.schema);
  if (schema.type === 'array') return true;
  const members = Object.entries(node(schema.properties));
  const pages = members.some(([name]) => paging.test(snake(name)));
  return pages && members.some(([, member]) => isList(references.follow(member)));
}

const isList = (schema: Node): boolean => schema.type === 'array' || items(schema.type).includes('array');
