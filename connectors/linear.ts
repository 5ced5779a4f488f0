/**
 * Linear: its GraphQL API. An action is named after what it is about (`issue.create`, from `issueCreate`); the resource is that
 * thing by its id, or the team, issue or project that something new is for. Linear takes an issue by its UUID and by its identifier (`ENG-7`).
 * https://linear.app/developers/graphql
 */
import type { Connector, Meaning, Value } from '../src/model.js';
import { isMap } from './graphql/values.js';
import { type Asked, graphql } from './graphql.js';

type Fields = { readonly [field: string]: string };

/** Id of a thing, as a part of a resource's name. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[\w-]{1,64}$/.test(value);

function meanings({ type, field, plain }: Asked, data: Value): readonly Meaning[] | null {
  // In front of the arguments stands the everyday name, if there is one.
  const [action = ''] = ((data ?? {}) as Fields)[`${type} ${field.name}`]?.split(' ') ?? [];
  if (!action.includes('.')) return null;
  const input = field.arguments.get('input');
  const id = field.arguments.get('id');
  // What something new is for.
  const owners = ['team', 'issue', 'project'].flatMap(name => {
    const owner = isMap(input) && action.endsWith('.create') ? input.get(`${name}Id`) : undefined;
    return isId(owner) ? [`${name}:${owner}`] : [];
  });
  const resource = isId(id) ? `${action.slice(0, action.indexOf('.'))}:${id}` : (owners[0] ?? null);
  // What is asked of a thing leads on to others.
  const certain = resource !== null && type === 'mutation';
  return [
    {
      ...plain,
      action,
      aliases: [plain.action, ...(plain.aliases ?? [])],
      ...(action.endsWith('.list') && { access: 'list' as const }),
      ...(resource !== null && { resource }),
      unknown: (plain.unknown ?? []).filter(name => !certain || name !== 'resource'),
    },
  ];
}

export default {
  name: 'linear',
  hosts: ['api.linear.app'],
  credentials: {
    scheme: 'header:authorization',
    placeholder: `lin_api_tfplaceholder${'0'.repeat(27)}`,
    env: ['LINEAR_API_KEY', 'LINEAR_ACCESS_TOKEN'],
  },
  generated: 'linear',
  routes: { 'POST /graphql': graphql({ meanings, schema: data => (data ?? {}) as Fields }) },
  // Its SDK reads errors in GraphQL's own form.
  refusal: ({ code, detail }) => ({ body: { errors: [{ message: detail, extensions: { code } }] } }),
} satisfies Connector;
