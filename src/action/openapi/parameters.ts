/** Which parameters of an operation policy and log may see: what is short and says what will happen, never what is said. */
import { items, type Node, node, own, type References, text } from './document.js';
import { parameterName, snake } from './names.js';

/** Last words of the names of texts that say which, where or what kind. */
const telling = new Set(
  (
    'account action arn base branch branches channel country currency customer domain environment event events head host ' +
    'hostname id ids kind level locale login method mode name names namespace org organization owner parent permission ' +
    'permissions plan project ref reference refs region repo repository role roles scope scopes sha sid sids slug state status ' +
    'tag team type user username version visibility zone'
  ).split(' '),
);

/** Names of texts that are a person's, or somebody's words, although they end like those above. */
const personal =
  /^(?:.*_)?(?:first|last|full|given|family|middle|maiden|legal|holder|cardholder|display|business)_name$/;

/** Last words of the names of what is secret, whatever its form. */
const secret =
  /(?:^|_)(?:secret|secrets|password|passwd|passphrase|token|tokens|credential|credentials|key|keys|pin|cvc|cvv|otp|ssn|signature|assertion|nonce|verifier)$|^secret_id$/;

/** What a description says of a text that is the name or number of a thing. */
const identifying = /^(?:the |an? |unique )*(?:id|identifier|uuid|sha)\b/i;

/** How many of a list, which of its pages, in which order: nothing that a decision is about. */
const paging =
  /^(?:page|per_page|page_size|page_token|limit|offset|cursor|start|after|before|sort|sort_by|order|order_by|direction|starting_after|ending_before|pretty|max_items|max_results|marker|next_token)$/;

/** Bodies are described in one of these, the first that is there. */
const bodies = [/^application\/json\b/, /\+json\b/, /^application\/x-www-form-urlencoded\b/, /^multipart\/form-data\b/];

/** One that a name, a place and a schema were found for. */
interface Candidate {
  readonly name: string;
  readonly place: string;
  readonly schema: Node;
}

/** The types that a schema allows, `null` aside. */
const typesOf = (schema: Node): readonly unknown[] =>
  (Array.isArray(schema.type) ? schema.type : [schema.type]).filter(type => type !== 'null');

/** The type that an expression may ask for, or null if the value is not for policy and log. */
export function loggable(name: string, schema: Node, references: References): string | null {
  const words = snake(name);
  const [type, ...others] = typesOf(schema);
  if (others.length > 0 || paging.test(words)) return null;
  if (type === 'boolean') return 'boolean';
  const enumerated = items(schema.enum).length > 0 || own(schema, 'const') !== undefined;
  if (enumerated && (type === 'string' || type === undefined)) return 'string';
  if (secret.test(words)) return null;
  if (type === 'integer' || type === 'number') return type;
  if (type === 'array') {
    const item = references.follow(schema.items);
    return typesOf(item)[0] === 'string' && loggable(words.replace(/s$/, ''), item, references) ? 'strings' : null;
  }
  if (type !== 'string' || /^(?:binary|byte|password)$/.test(text(schema.format))) return null;
  if (/^(?:uuid|date|date-time)$/.test(text(schema.format))) return 'string';
  if (identifying.test(text(schema.description))) return 'string';
  return telling.has(words.split('_').at(-1)!) && !personal.test(words) ? 'string' : null;
}

/** The type of a path parameter: all of them are told, because the path is. */
export function pathType(schema: Node): string {
  const [type, ...others] = typesOf(schema);
  return others.length === 0 && (type === 'integer' || type === 'boolean') ? ` as ${type}` : '';
}

/** The schema of a parameter: its own (OpenAPI 3), or the parameter itself (Swagger 2). */
export const schemaOf = (parameter: Node, references: References): Node =>
  parameter.schema === undefined ? parameter : references.follow(parameter.schema);

/** The parameters of query and body that policy and log may see: name → expression. */
export function visible(parameters: readonly Node[], operation: Node, references: References): Map<string, string> {
  const queries = parameters
    .filter(({ in: place }) => place === 'query')
    .map((parameter): Candidate => {
      const name = text(parameter.name);
      return { name, place: `query.${name}`, schema: schemaOf(parameter, references) };
    });
  const forms = parameters
    .filter(({ in: place }) => place === 'formData')
    .map((parameter): Candidate => ({ name: text(parameter.name), place: pointer(parameter), schema: parameter }));
  const members = properties(bodySchema(parameters, operation, references), references);
  const inBody = [...members].map(
    ([name, schema]): Candidate => ({ name, place: pointer({ name }), schema: references.follow(schema) }),
  );
  const found = new Map<string, string>();
  for (const { name, place, schema } of [...queries, ...forms, ...inBody]) {
    // What only answers have is in schemas that requests share with them.
    const answered = schema.readOnly === true && place.startsWith('body');
    const type = answered ? null : loggable(name, schema, references);
    const known = parameterName(name);
    // A query parameter with brackets or spaces in its name can't be written as an expression.
    if (type === null || known === '' || !/^[^\s[\]]+$/.test(name) || found.has(known)) continue;
    found.set(known, `${place} as ${type}`);
  }
  return found;
}

const pointer = (named: Node): string => `body#/${text(named.name).replaceAll('~', '~0').replaceAll('/', '~1')}`;

function bodySchema(parameters: readonly Node[], operation: Node, references: References): Node {
  const inBody = parameters.find(({ in: place }) => place === 'body');
  if (inBody !== undefined) return references.follow(inBody.schema);
  const content = Object.entries(node(references.follow(operation.requestBody).content));
  for (const pattern of bodies) {
    const described = content.find(([mediaType]) => pattern.test(mediaType));
    if (described !== undefined) return references.follow(node(described[1]).schema);
  }
  return {};
}

/** The members at the top of a body, of all forms that it may have; where two describe one, the first. */
function properties(schema: Node, references: References): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  // Each schema once: they may lead back to themselves.
  const forms = new Set([schema]);
  for (const form of forms) {
    for (const [name, member] of Object.entries(node(form.properties))) if (!found.has(name)) found.set(name, member);
    for (const part of [form.allOf, form.oneOf, form.anyOf].flatMap(items)) forms.add(references.follow(part));
  }
  return found;
}
