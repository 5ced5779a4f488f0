// What a GraphQL schema says of the arguments of root fields: which of them hold no prose. `connectors/graphql.ts` reads it as
// `TYPE FIELD` → names with a space between them.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const out = process.env.OUT ? pathToFileURL(`${resolve(process.env.OUT)}/`) : new URL('../../dist/', import.meta.url);
const { naming } = await import(new URL('connectors/graphql/shown.js', out).href);

const exact = new Set('ID Int Float Boolean DateTime Date TimelessDate UUID GitObjectID GitRefname BigInt'.split(' '));

/** Whether an argument of this name and type holds no prose: a number, an id, a member of an enumeration, a name. */
const isPlain = (name, type, isEnum) => exact.has(type) || isEnum(type) || (type === 'String' && naming.test(name));

/** `fields`: type and name of each root field, and its arguments with those of `input` among them: `[name, type]`. */
export const shownArguments = (fields, isEnum) =>
  Object.fromEntries(
    fields.map(({ type, name, taken }) => [
      `${type} ${name}`,
      [
        ...new Set(
          taken
            .filter(([argument, of]) => argument !== 'clientMutationId' && isPlain(argument, of, isEnum))
            .map(([argument]) => argument),
        ),
      ]
        .sort()
        .join(' '),
    ]),
  );

/** The root fields of an introspected schema. */
export function fieldsOf(schema) {
  const types = new Map(schema.types.map(type => [type.name, type]));
  const nameOf = type => (type.ofType ? nameOf(type.ofType) : type.name);
  const taken = ({ name, type }) => {
    const own = nameOf(type);
    const inner = name === 'input' ? types.get(own)?.inputFields : null;
    return inner ? inner.flatMap(taken) : [[name, own]];
  };
  const of = (type, root) =>
    types.get(root.name).fields.map(({ name, args }) => ({ type, name, taken: args.flatMap(taken) }));
  return {
    fields: [...of('query', schema.queryType), ...of('mutation', schema.mutationType)],
    isEnum: name => types.get(name)?.kind === 'ENUM',
  };
}
