/**
 * GraphQL: every root field that a request would execute is an action by its own name, so that the strictest decision about
 * any of them counts. Own APIs use {@link graphql} with nothing; those with everyday names have a vocabulary.
 */
import type { Access, Meaning, Reader, Value } from '../src/model.js';
import { isShallow } from './graphql/reach.js';
import { type Execution, type RootField, readExecutions } from './graphql/request.js';
import { type Shown, shownArguments } from './graphql/shown.js';
import { hashing, word } from './names.js';

/** A root field, as whoever names it knows it. */
export interface Asked extends Shown {
  readonly type: Execution['type'];
  readonly field: RootField;
  readonly fragments: Execution['fragments'];
  /** What it is without any vocabulary. */
  readonly plain: Meaning;
}

/** Gives the everyday names of an API. */
export interface Vocabulary {
  /** What the field means in other words; several if it may be any of them. Null: nothing else than it says. */
  readonly meanings?: (asked: Asked, data: Value) => readonly Meaning[] | null;
  /** Text from the generated file: names of the arguments of `mutation NAME` or `query NAME` that hold no prose. */
  readonly schema?: (data: Value) => { readonly [field: string]: string };
}

const words = (name: string): readonly string[] => name.split(/(?=[A-Z])|_/).map(one => one.toLowerCase());

const grants = new Set(
  'access admin administrator allow approve auth authentication collaborator credential domain grant hook identity integration invitation invite key login logout member membership oauth owner passkey password permission protection revoke role ruleset saml scope secret session share sso suspend teams token transfer unshare unsuspend visibility webhook'.split(
    ' ',
  ),
);

/** How much harm a mutation can do, as far as its name tells. */
export function accessOfMutation(name: string): Access {
  const parts = words(name);
  if (parts.some(part => grants.has(part) || grants.has(part.replace(/s$/, '')))) return 'permissions';
  return parts.some(part => /^(delete|remove|destroy|purge)$/.test(part)) ? 'delete' : 'write';
}

const introspection = new Set(['__schema', '__type', '__typename']);

/** What a root field means by its name alone. */
function plainly(
  type: Execution['type'],
  field: RootField,
  { parameters, unknown }: Shown,
  operation: string | null,
  hash: (text: string) => string,
): Meaning {
  const own = { field: field.name, ...(operation !== null && { operation }) };
  if (introspection.has(field.name))
    return {
      action: 'graphql.introspection',
      aliases: [`graphql.${type}`],
      access: 'read',
      resource: `graphql:${field.name}`,
      parameters: own,
    };
  const access = type === 'mutation' ? accessOfMutation(field.name) : 'read';
  return {
    action: `graphql.${type}.${word(field.name, 'camel', hash)}`,
    aliases: [`graphql.${type}`],
    access,
    ...(type === 'mutation' && words(field.name).includes('delete') && { hints: ['destructive'] as const }),
    resource: `graphql:${field.name}`,
    parameters: { ...parameters, ...own },
    // What is named by an id of the API's own may be anybody's.
    unknown: [...unknown.filter(name => !(name in own)), 'resource'],
  };
}

/** The route of an API, for POST and for GET: `read(request, path, data)`. */
export function graphql({ meanings, schema }: Vocabulary = {}): Reader {
  return (request, _, data) => {
    const executions = readExecutions(request);
    if (executions === null || executions.some(({ type }) => type === 'subscription')) return null;
    const hash = hashing(request);
    const listed = schema?.(data) ?? {};
    const found = executions.flatMap(({ type, name, fields, fragments }) =>
      fields.flatMap(field => {
        const key = `${type} ${field.name}`;
        const known = Object.hasOwn(listed, key) ? new Set(String(listed[key]).split(' ')) : undefined;
        const shown = shownArguments(field.arguments, known);
        const plain = plainly(type, field, shown, name, hash);
        const all = introspection.has(field.name)
          ? [plain]
          : (meanings?.({ ...shown, type, field, fragments, plain }, data) ?? [plain]);
        return type === 'mutation' && !isShallow(field.selections, fragments) ? [...all, alsoRead(plain)] : all;
      }),
    );
    return distinct(found);
  };
}

/** A mutation that asks for more than what it has changed reads, too, and whatever the token may. */
const alsoRead = (plain: Meaning): Meaning => ({
  action: 'graphql.query.any__field',
  aliases: ['graphql.query'],
  access: 'read',
  resource: plain.resource!,
  parameters: { field: plain.parameters!.field! },
  unknown: ['resource'],
});

/** What is read often is decided once. Two changes are two, also where what is shown of them is the same. */
const distinct = (meanings: readonly Meaning[]): readonly Meaning[] => [
  ...new Map(
    meanings.map((meaning, i) => [meaning.access === 'read' ? JSON.stringify(meaning) : `${i}`, meaning]),
  ).values(),
];

export { type Execution, readOperation } from './graphql/request.js';
