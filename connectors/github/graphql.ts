/** GitHub's GraphQL API in the words of its REST API. https://docs.github.com/graphql */
import type { Meaning, Value } from '../../src/model.js';
import { isEnum, isMap, type Resolved } from '../graphql/values.js';
import { type Asked, accessOfMutation, graphql } from '../graphql.js';
import { type Deed, deeds } from './deeds.js';
import { staysInside } from './inside.js';

const isText = (value: Resolved | undefined): value is string =>
  typeof value === 'string' && /^[\w.-]{1,100}$/.test(value) && !/^\.|\.git$/i.test(value);

/** `repo:owner/name` in lower case, as GitHub takes both for the same. */
const repository = (owner: Resolved | undefined, name: Resolved | undefined): string | null =>
  isText(owner) && isText(name) ? `repo:${owner.toLowerCase()}/${name.toLowerCase()}` : null;

/** The members of the `input` of a mutation. */
const inputOf = ({ field }: Asked): ReadonlyMap<string, Resolved> => {
  const input = field.arguments.get('input');
  return isMap(input) ? input : new Map<string, Resolved>();
};

/** A value that a REST action would have as a parameter; undefined if it can't be told. */
function told(value: Resolved | undefined, lower: boolean): Value | undefined {
  const text = isEnum(value) ? value.enum : value;
  if (typeof text === 'string') return text.length > 1024 ? undefined : lower ? text.toLowerCase() : text;
  return typeof text === 'number' || typeof text === 'boolean' ? text : undefined;
}

/** The meanings of a mutation that has a counterpart. */
function asDeed(asked: Asked, { actions, parameters: wanted }: Deed): readonly Meaning[] {
  const { plain } = asked;
  const input = inputOf(asked);
  const parameters: { [name: string]: Value } = { ...plain.parameters };
  const unknown = new Set(plain.unknown);
  const whole = isMap(asked.field.arguments.get('input'));
  for (const [name, place] of Object.entries(wanted)) {
    const argument = place?.replace('lower ', '') ?? null;
    const value = argument === null ? undefined : told(input.get(argument), place!.startsWith('lower '));
    delete parameters[name];
    unknown.delete(name);
    if (value !== undefined) parameters[name] = value;
    else if (argument === null || !whole || (input.has(argument) && input.get(argument) !== null)) unknown.add(name);
  }
  return actions.map(text => {
    const [action = '', ...generated] = text.split(' ');
    return {
      ...plain,
      action,
      aliases: [...generated, plain.action, ...(plain.aliases ?? [])],
      access: grants.test(action) ? ('permissions' as const) : accessOf(action, plain),
      parameters,
      unknown: [...unknown],
    };
  });
}

const grants = /^(ruleset|branch\.(un)?protect|environment\.set|workflow\.approve)/;

const accessOf = (action: string, plain: Meaning) =>
  /\.(delete|remove)(_|$)/.test(action) ? 'delete' : (plain.access ?? accessOfMutation(action));

/** A commit that GitHub itself makes: what it puts and what it deletes, on a branch that may be named. */
function asCommit(asked: Asked): readonly Meaning[] {
  const input = inputOf(asked);
  const branch = input.get('branch');
  const changes = input.get('fileChanges');
  const member = (name: string): Resolved | undefined => (isMap(branch) ? branch.get(name) : undefined);
  const [owner, name, ...rest] = String(told(member('repositoryNameWithOwner'), false) ?? '').split('/');
  // Where its id stands as well, the name needn't be what counts.
  const resource = rest.length === 0 && !(isMap(branch) && branch.has('id')) ? repository(owner, name) : null;
  const branchName = member('branchName');
  const named = resource !== null && typeof branchName === 'string' && branchName.length <= 255;
  const one = (action: string, list: string, access: 'write' | 'delete'): readonly Meaning[] => {
    const files = isMap(changes) ? (changes.get(list) ?? []) : changes === undefined ? [] : null;
    if (Array.isArray(files) && files.length === 0) return [];
    const only = Array.isArray(files) && files.length === 1 ? (files[0] as Resolved) : undefined;
    const path = isMap(only) ? told(only.get('path'), false) : undefined;
    const [everyday, ...generated] = action.split(' ');
    const { branch: _, path: __, ...plain } = { ...asked.plain.parameters } as { [name: string]: Value };
    return [
      {
        ...asked.plain,
        action: everyday!,
        aliases: [...generated, asked.plain.action, ...(asked.plain.aliases ?? [])],
        access,
        resource: resource ?? asked.plain.resource!,
        parameters: {
          ...plain,
          ...(named && { branch: branchName.replace(/^refs\/heads\//, '') }),
          ...(path !== undefined && { path }),
        },
        unknown: [
          ...(asked.plain.unknown ?? []).filter(part => !['resource', 'branch', 'path'].includes(part)),
          ...(named ? [] : ['branch']),
          ...(path === undefined ? ['path'] : []),
          ...(resource === null ? ['resource'] : []),
        ],
      },
    ];
  };
  const found = [
    ...one('content.put repos.create_or_update_file_contents', 'additions', 'write'),
    ...one('content.delete repos.delete_file', 'deletions', 'delete'),
  ];
  return found.length > 0 ? found : [asked.plain];
}

/** `state` of an update closes or reopens. */
function asUpdate(asked: Asked, what: 'issue' | 'pr'): readonly Meaning[] {
  const generated = what === 'issue' ? 'issues.update' : 'pulls.update';
  const state = inputOf(asked).get('state');
  const known = told(state, true);
  const verbs =
    known === 'closed'
      ? ['close']
      : known === 'open'
        ? ['reopen']
        : isMap(asked.field.arguments.get('input')) && (state === undefined || state === null)
          ? ['update']
          : ['close', 'reopen', 'update'];
  const more: Deed['parameters'] = what === 'pr' ? { base: 'baseRefName' } : { labels: null, assignees: null };
  return asDeed(asked, {
    actions: verbs.map(verb => `${what}.${verb} ${generated}`),
    parameters: { number: null, title: 'title', ...more },
  });
}

/** A query of a repository that is named: what is about it, if all of it stays there. */
function asQuery({ field, plain, fragments }: Asked): readonly Meaning[] {
  const resource =
    field.name === 'repository' ? repository(field.arguments.get('owner'), field.arguments.get('name')) : null;
  if (resource === null) return [plain];
  const inside = staysInside(field.selections, fragments);
  return [{ ...plain, resource, unknown: (plain.unknown ?? []).filter(name => !inside || name !== 'resource') }];
}

function meanings(asked: Asked): readonly Meaning[] | null {
  const { name } = asked.field;
  if (asked.type !== 'mutation') return asQuery(asked);
  if (name === 'createCommitOnBranch') return asCommit(asked);
  if (name === 'updateIssue') return asUpdate(asked, 'issue');
  if (name === 'updatePullRequest') return asUpdate(asked, 'pr');
  return Object.hasOwn(deeds, name) ? asDeed(asked, deeds[name]!) : null;
}

/** The route of `POST /graphql`. */
export const githubGraphql = graphql({
  meanings,
  schema: data => (data ?? {}) as { readonly [field: string]: string },
});
