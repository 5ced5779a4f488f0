/** Which members of an operation's input identify what it is about, and where each is on the wire. */

const identifies =
  /(Name|Names|Id|Ids|ID|IDs|Identifier|Identifiers|Arn|ARN|Arns|ARNs|QueueUrl|Identity|EventDataStore|^domain|^domainOwner|^repository|^Group|Bucket|Cluster|cluster|Table|Rule|Service|service|Username|username|^id|^name|^arn)$/;

/** Secrets, what only one request has, pages, and what is chosen for people to read. */
const privates =
  /Token|Password|Secret(?!Id$|Arn$|ARN$)|Marker|DisplayName|E[Mm]ail(?!Identity)|Phone|CallerReference|RequestId|Idempot|FirstName|LastName|Attribute|Signature|ExternalId|Friendly|Country|ClientRequest|SessionName|TraceId|Expression|Placeholder|Private|PublicKey|Tag(?![a-z])|Tags|^Exclusive|^[Nn]ext|^[Ll]ast|Revision|Deduplication|MessageGroup|[Ss]essionId$/;

/** What holds a role, as connectors/aws/passed.ts looks for them. */
const role = /roles?(arns?|names?)?$|instanceprofile(arn|name)?$|^(authorizer|integration)?credentials(arn)?$/i;

/** Whether the member of this name is left out of policy and log. */
const isPrivate = name => privates.test(name) || /^(token|password|secret|email(?!Identity)|tag)/.test(name);

const upper = text => text.charAt(0).toUpperCase() + text.slice(1);

/** `DBInstanceIdentifier` as `db_instance_identifier`. */
export const snake = text =>
  text
    .replace(/ARNs/g, 'Arns')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();

/** Text, or a list of it, that isn't secret. */
function kindOf(member, shapes) {
  const shape = member.shape ? { ...shapes[member.shape], ...member } : member;
  if (shape.sensitive || shape.jsonvalue) return null;
  const type = shape.type ?? 'string';
  if (type === 'string' || (member.location === 'uri' && type !== 'list')) return { list: false, shape };
  if (type !== 'list') return null;
  const item = shape.member?.shape ? { ...shapes[shape.member.shape], ...shape.member } : (shape.member ?? {});
  return (item.type ?? 'string') === 'string' && !item.sensitive ? { list: true, shape, item } : null;
}

/** The place on the wire: `Name`, `Name[]`, `Name.*`, `Name.member.*`, `?name`, `^header`, `{label}`. */
function placeOf(protocol, name, member, { list, shape, item }) {
  const wire = member.locationName ?? name;
  if (member.location === 'uri') return list ? null : `{${snake(wire)}}`;
  if (member.location === 'querystring') return list ? null : `?${wire}`;
  if (member.location === 'header') return list ? null : `^${wire.toLowerCase()}`;
  if (member.location) return null;
  if (protocol === 'ec2') return (member.queryName ?? upper(wire)) + (list ? '.*' : '');
  if (protocol === 'query') {
    if (!list) return wire;
    return shape.flattened ? `${item.locationName ?? wire}.*` : `${wire}.${item.locationName ?? 'member'}.*`;
  }
  // A document in XML isn't read.
  if (protocol === 'rest-xml') return null;
  return list ? `${wire}[]` : wire;
}

function inputOf({ input }, shapes) {
  return input?.shape ? { ...shapes[input.shape], ...input } : (input ?? {});
}

/** The path of an operation: a label that may hold an ARN takes slashes, and one that is not to be shown begins with `_`. */
export function template(operation, shapes) {
  const members = Object.entries(inputOf(operation, shapes).members ?? {});
  const path = (operation.http?.requestUri ?? '/').replace(/\{([^}+]+)(\+?)\}/g, (_, wire, plus) => {
    const [name, member] = members.find(([name, { locationName }]) => (locationName ?? name) === wire);
    const hidden = isPrivate(name) || kindOf(member, shapes) === null;
    return `{${hidden ? '_' : ''}${snake(wire)}${plus || (/arn$/i.test(wire) ? '+' : '')}}`;
  });
  // Of several that may hold slashes, all but the last hold them as `%2F` (`encoded` of the connector).
  const greedy = path.match(/\+\}/g)?.length ?? 0;
  let at = 0;
  return path.replace(/\+\}/g, end => (++at < greedy ? '}' : end));
}

/** What an operation of these services is about if it is there, in this order; the others are about it. */
const first = {
  ecs: ['cluster'],
  iam: ['GroupName', 'InstanceProfileName', 'UserName', 'RoleName', 'PolicyArn'],
  sns: ['TopicArn'],
  ssm: ['InstanceIds'],
};

/** Whose it is, and only if nothing else is said, what. */
const whose = /^(aws)?account_?id$|^(catalog|registry)id$|^domainowner$/i;

/** What says how, and never what. */
const manner = /^(MaxResults|MaxItems|MaxRecords|Limit|DryRun|Filters?|PageSize|SortOrder|SortBy)$|[Tt]oken$|Marker$/;

/**
 * The places of what identifies. The first one says what the operation is about: `~` before it if it need not be there and
 * another one may be in its stead, `=` if it need not and none may, `-` if there is nothing to say, `?` if it is about
 * something that isn't said in a name or id.
 */
export function places({ service, name, protocol, entities, passing }, operation, shapes) {
  const input = inputOf(operation, shapes);
  const members = input.members ?? {};
  const required = input.required ?? [];
  const labels = [...(operation.http?.requestUri ?? '').matchAll(/\{([^}+]+)\+?\}/g)].map(match => match[1]);
  const found = [];
  for (const [member, description] of Object.entries(members)) {
    const kind = kindOf(description, shapes);
    const isLabel = description.location === 'uri';
    // The body is the payload then, and has no members.
    if (input.payload !== undefined && !description.location) continue;
    if (kind === null || isPrivate(member) || !(isLabel || identifies.test(member))) continue;
    // A role that is passed is an action of its own, and not what this one is about.
    if (passing && !isLabel && role.test(member)) continue;
    const place = placeOf(protocol, member, description, kind);
    if (place === null) continue;
    const preferred = (first[service] ?? []).indexOf(member);
    const at = isLabel ? labels.indexOf(description.locationName ?? member) : required.indexOf(member);
    const rank = (isLabel ? at : at >= 0 ? 100 + at : 1000 + found.length) + (whose.test(member) ? 500 : 0);
    found.push({
      place,
      mark: isLabel || at >= 0 ? '' : preferred >= 0 ? '=' : '~',
      rank: preferred >= 0 ? preferred - 10 : rank,
    });
  }
  found.sort((a, b) => a.rank - b.rank);
  const [about, ...rest] = found;
  const says = Object.keys(members).some(member => !manner.test(member));
  const none = says && !name.startsWith('Create') ? '?' : '-';
  const others = rest.map(({ place }) => place).filter(place => !place.startsWith('{'));
  return [
    about === undefined ? none : about.mark + about.place + noun(about.place, name, entities),
    ...others.slice(0, 5),
  ];
}

/** What only belongs to something. */
const parts = /(Polic(y|ies)|Permissions?|Tags|Config(uration)?|Attributes?|Settings?|Association|Versions?)$/;

/** What a service creates and deletes, the longest first: `Document` for `ModifyDocumentPermission`. */
export function entitiesOf(operations) {
  const all = operations.flatMap(name => /^(?:Create|Delete|Register)([A-Z].*)$/.exec(name)?.[1] ?? []);
  const isPart = entity =>
    (entity.endsWith('s') && all.includes(entity.slice(0, -1))) ||
    (parts.test(entity) && all.some(other => other !== entity && entity.startsWith(other)));
  return [...new Set(all)].filter(entity => !isPart(entity)).sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

/** What a place that is only called `Name` or `Id` is the name of, behind a colon. */
function noun(place, name, entities) {
  if (!/^(names?|ids?|identifiers?)(\[\]|\.|$)/i.test(place)) return '';
  const rest = name.replace(/^(Batch)?[A-Z][a-z]+/, '');
  const entity = entities.find(one => new RegExp(`^${one}s?(?![a-z])`).test(rest));
  return `:${snake(entity ?? (rest === '' ? name : rest)).replaceAll('_', '-')}`;
}

/** Services in which a role without an ARN is something else: who speaks in a conversation, how a column is used. */
const otherwise = new Set([
  'bedrock',
  'chime',
  'connect',
  'grafana',
  'quicksight',
  'transcribe',
  'workdocs',
  'workmail',
]);

/** Whether there is a place for a role anywhere in what an operation of a service takes. */
export function passes(service, operation, shapes) {
  const seen = new Set();
  const wanted = otherwise.has(service) ? /roles?arns?$/i : role;
  const isPlace = (name, { type = 'string' }) =>
    wanted.test(name) &&
    (/credentials/i.test(name) ? ['string'] : ['string', 'list', 'map', 'structure']).includes(type);
  const has = member => {
    if (member.shape && seen.has(member.shape)) return false;
    seen.add(member.shape);
    const { members = {}, member: item, value } = inputOf({ input: member }, shapes);
    return (
      Object.entries(members).some(
        ([name, one]) => isPlace(one.locationName ?? name, inputOf({ input: one }, shapes)) || has(one),
      ) || [item, value].some(one => one && has(one))
    );
  };
  return operation.input !== undefined && has(operation.input);
}
