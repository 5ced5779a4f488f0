// Linear's GraphQL API, from the types that its own SDK is generated from the schema with.
import { shownArguments } from '../graphql.mjs';

const file = 'dist/index-D2pH4Pk9.d.mts';

const lowerFirst = text => text[0].toLowerCase() + text.slice(1);
const snake = text =>
  text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
const plurals = text => [`${text}s`, `${text}es`, text.replace(/y?$/, 'ies')];

/** The members of `type NAME = {…}`: name and type as they are written. */
function membersOf(text, name) {
  const [, body] = new RegExp(`^type ${name} = (?:Node & )?\\{\\n([\\s\\S]*?)^\\};`, 'm').exec(text) ?? [];
  if (body === undefined) return null;
  return [...body.matchAll(/^ {2}(\w+)\??: (.+);$/gm)]
    .map(([, member, type]) => [member, type])
    .filter(([member]) => !member.startsWith('_'));
}

/** `InputMaybe<Array<Scalars["String"]>>` → `String` */
const nameOf = type =>
  /Scalars\["(\w+)"\]/.exec(type)?.[1] ?? /(\w+)[>[\]]*$/.exec(type.replace(/<Maybe/g, '<'))?.[1] ?? type;

/** The everyday name of a root field: what it is about, and what becomes of it; null if it begins with no type's name. */
function everyday(type, field, entities) {
  const many = entities.find(entity => plurals(entity).includes(field));
  if (type === 'query' && many !== undefined) return `${snake(many)}.list`;
  // `projectUpdate` updates a project, though an update of a project is a thing, too.
  const rest = type === 'query' ? /^([A-Z]|$)/ : /^[A-Z]/;
  const about = entities.find(entity => field.startsWith(entity) && rest.test(field.slice(entity.length)));
  if (about === undefined) return null;
  return `${snake(about)}.${snake(field.slice(about.length)) || 'get'}`;
}

export default {
  name: 'linear',
  packages: [
    {
      name: '@linear/sdk',
      version: '98.0.0',
      integrity: 'sha512-DRakJJiGe4QE2tc49+XQVE0lyeR9CUHJTpCPsx5291LsmDaMvhP8+beCgXQQ7jET+OshHEm2BYtMx6EUt9ZR8Q==',
      licence: 'MIT',
      files: [file],
    },
  ],
  build(files) {
    const text = files.get(`@linear/sdk/${file}`);
    const enums = new Set([...text.matchAll(/^declare enum (\w+) \{/gm)].map(([, name]) => name));
    const entities = [...text.matchAll(/^type (\w+) = Node & \{/gm)].map(([, name]) => lowerFirst(name));
    entities.sort((a, b) => b.length - a.length);
    const fields = ['Query', 'Mutation'].flatMap(root =>
      membersOf(text, root).map(([name]) => {
        const given = membersOf(text, `${root}${name[0].toUpperCase()}${name.slice(1)}Args`) ?? [];
        const taken = given.flatMap(([argument, type]) => {
          const inner = argument === 'input' ? membersOf(text, nameOf(type)) : null;
          return inner ? inner.map(([member, of]) => [member, nameOf(of)]) : [[argument, nameOf(type)]];
        });
        return { type: root.toLowerCase(), name, taken };
      }),
    );
    const shown = shownArguments(fields, name => enums.has(name));
    const named = new Map();
    const data = fields.map(({ type, name }) => {
      const own = everyday(type, name, entities);
      // What two fields would be called is neither.
      const key = `${type} ${name}`;
      if (own !== null) named.set(own, [...(named.get(own) ?? []), key]);
      return [key, own];
    });
    return {
      data: Object.fromEntries(
        data.map(([key, own]) => [
          key,
          `${own !== null && named.get(own).length === 1 ? `${own} ` : ''}${shown[key]}`.trim(),
        ]),
      ),
    };
  },
};
