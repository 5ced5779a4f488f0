/**
 * Git's smart HTTP protocol (gitprotocol-http, gitprotocol-pack): which refs a push would create, update and delete, and
 * whether it only adds to them, read from the commands in front of the pack and from the commits in it.
 */
import type { Connector, LookupRow, Meaning, RequestView, Route, Value } from '../src/model.js';
import { type Command, readPush } from './git/commands.js';
import { ancestry, readCommits } from './git/pack.js';

/** So many refs are told one by one; of more, all at once. */
const mostRefs = 40;
/** So many commits are gone through for all of them. */
const mostSteps = 200_000;

/** A request that tells whether one commit, which the server has, is an ancestor of another: its `forced` says if it is not. */
export type Ancestry = (repository: string, before: string, after: string) => LookupRow;

/** What is certain of a command, and what might be asked for the rest. */
interface Forced {
  readonly forced: boolean | undefined;
  readonly lookup?: LookupRow;
}

/**
 * Whether a command throws away what the ref had: never one that creates; always one that deletes, or moves a tag (git
 * itself asks for `--force` there). Of other updates the pack shows it, or the server's own history does.
 */
function forcedBy(
  command: Command,
  commits: () => ReadonlyMap<string, readonly string[]>,
  ask: (before: string, after: string) => LookupRow | undefined,
  most: number,
): Forced {
  const { kind, ref, before, after } = command;
  if (kind === 'create' || before === after) return { forced: false };
  if (kind === 'delete' || ref.startsWith('refs/tags/')) return { forced: true };
  const beyond = ancestry(commits(), before, after, most);
  if (beyond === true) return { forced: false };
  // Of several, each would have to be asked, and one that can't be leaves it open.
  const lookup = beyond.length === 1 ? ask(before, beyond[0]!) : undefined;
  return { forced: undefined, ...(lookup && { lookup }) };
}

/** What a push would do: a meaning for each ref, so that each is decided. */
function push(
  request: RequestView,
  path: { readonly [name: string]: string },
  ask: Ancestry | undefined,
): Meaning | readonly Meaning[] {
  const read = request.bytes === null ? null : readPush(request.bytes);
  const resource = `repo:${path.owner}/${path.repo}`;
  // Before a push that is too long for one request git sends an empty one, to see whether it would be let in.
  if (read?.commands.length === 0 && request.body.state === 'complete' && request.bytes?.length === 4)
    return { action: 'git.refs', access: 'read', resource };
  if (read === null || read.commands.length === 0) {
    const unknown = ['refs', 'ref', 'creates', 'updates', 'deletes', 'old', 'new', 'forced'];
    return { action: 'git.push', access: 'delete', resource, unknown };
  }
  const { commands, pack } = read;
  let found: ReadonlyMap<string, readonly string[]> | undefined;
  const commits = (): ReadonlyMap<string, readonly string[]> => {
    found ??= readCommits(request, pack, commands[0]!.after.length === 64 ? 'sha256' : 'sha1');
    return found;
  };
  const named = (kind: Command['kind']): string[] => commands.filter(one => one.kind === kind).map(({ ref }) => ref);
  const refs = [...new Set(commands.map(({ ref }) => ref))];
  const all = { refs, creates: named('create'), updates: named('update'), deletes: named('delete') };
  const asked = (before: string, after: string): LookupRow | undefined =>
    ask?.(`${path.owner}/${path.repo}`, before, after);
  const most = mostSteps / commands.length;
  const each = commands.map(command => ({ command, ...forcedBy(command, commits, asked, most) }));
  if (commands.length > mostRefs || refs.length < commands.length) {
    const sure = each.every(one => one.forced !== undefined);
    return {
      action: 'git.push',
      access: all.deletes.length > 0 ? 'delete' : 'write',
      resource,
      parameters: { ...all, ...(sure && { forced: each.some(one => one.forced === true) }) },
      unknown: ['ref', 'old', 'new', ...(sure ? [] : ['forced'])],
    };
  }
  return each.map(({ command: { ref, before, after, kind }, forced: force, lookup }) => ({
    action: 'git.push',
    access: kind === 'delete' ? 'delete' : 'write',
    ...((kind === 'delete' || force === true) && { hints: ['destructive'] as const }),
    resource,
    parameters: {
      ref,
      ...all,
      ...(kind !== 'create' && { old: before }),
      ...(kind !== 'delete' && { new: after }),
      ...(force !== undefined && { forced: force }),
    } satisfies { readonly [name: string]: Value },
    unknown: force === undefined ? ['forced'] : [],
    ...(lookup && { lookup }),
  }));
}

const repo = 'repo:{owner}/{repo}';

/** The routes of a git host that serves `/{owner}/{repo}.git`; `canonical` must take the `.git` off. */
export const gitRoutes = (ask?: Ancestry): { readonly [methodAndTemplate: string]: Route } => ({
  'GET /{owner}/{repo}/info/refs': [
    { when: { 'query.service': 'git-upload-pack' }, action: 'git.fetch', access: 'read', resource: repo },
    { when: { 'query.service': 'git-receive-pack' }, action: 'git.refs', access: 'read', resource: repo },
  ],
  'POST /{owner}/{repo}/git-upload-pack': { action: 'git.fetch', access: 'read', resource: repo },
  'POST /{owner}/{repo}/git-receive-pack': (request, path) => push(request, path, ask),
  'POST /{owner}/{repo}/info/lfs/objects/batch': [
    { when: { 'body#/operation': 'download' }, action: 'git.lfs.download', access: 'read', resource: repo },
    { when: { 'body#/operation': 'upload' }, action: 'git.lfs.upload', resource: repo },
  ],
});

/**
 * A refusal in the forms that git itself prints: plain text where refs are asked for, and as the result of a push an
 * error in the side band (gitprotocol-pack, "Packfile Data"), which git reads from a 200 alone. Others get the JSON.
 */
export const gitRefusal: NonNullable<Connector['refusal']> = (
  { status, code, detail, next = '', action },
  agent = '',
) => {
  if (!/^git\//.test(agent)) return {};
  const lines = [`${status} ${code}: ${detail}`, next].map(line =>
    line.replace(/[\u0000-\u001f\u007f]|\p{Cs}/gu, ' ').slice(0, 4000),
  );
  if (action !== 'git.push')
    return { instead: { media_type: 'text/plain; charset=utf-8', text: `${lines.join('\n')}\n` } };
  const packet = `\u0003${lines.join(' ')}\n`;
  const bytes = encodeURIComponent(packet).replace(/%../g, '.').length;
  const text = `${(bytes + 4).toString(16).padStart(4, '0')}${packet}0000`;
  return { status: 200, instead: { media_type: 'application/x-git-receive-pack-result', text } };
};
