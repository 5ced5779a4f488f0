/**
 * Git's smart HTTP protocol (gitprotocol-http, gitprotocol-pack): which refs a push would create, update and delete,
 * read from the commands in front of the pack.
 */
import type { Connector, Meaning, RequestView, Route } from '../src/model.js';

const maxCommands = 1000;

/** One command of a push: the ref's name, and whether it begins or ends to exist. */
interface Command {
  readonly ref: string;
  readonly kind: 'create' | 'update' | 'delete';
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

const command = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[!-\x5b\x5d-\x7e]+)$/;

/**
 * The commands of a push up to the flush packet; null if they aren't all there or something else is (a signed push, a
 * name that isn't plain ASCII).
 */
export function readCommands(bytes: Uint8Array): readonly Command[] | null {
  const commands: Command[] = [];
  for (let at = 0; at + 4 <= bytes.length && commands.length <= maxCommands; ) {
    const digits = latin1(bytes.subarray(at, at + 4));
    if (!/^[0-9a-f]{4}$/i.test(digits)) return null;
    const length = Number.parseInt(digits, 16);
    if (length === 0) return commands;
    if (length < 5 || length > 1024 || at + length > bytes.length) return null;
    const line = latin1(bytes.subarray(at + 4, at + length)).replace(/\n$/, '');
    at += length;
    if (/^shallow [0-9a-f]{40,64}$/.test(line)) continue;
    // The first command carries the capabilities behind a NUL.
    const [, before, after, ref] = command.exec(commands.length === 0 ? line.split('\0', 1)[0]! : line) ?? [];
    if (before === undefined || after === undefined || ref === undefined) return null;
    const kind = /^0+$/.test(after) ? 'delete' : /^0+$/.test(before) ? 'create' : 'update';
    commands.push({ ref, kind });
  }
  return null;
}

/** What a push would do. Whether an update is forced can't be seen in the commands. */
function push(request: RequestView, path: { readonly [name: string]: string }): Meaning {
  const commands = request.bytes === null ? null : readCommands(request.bytes);
  const resource = `repo:${path.owner}/${path.repo}`;
  // Before a push that is too long for one request git sends an empty one, to see whether it would be let in.
  if (commands?.length === 0 && request.body.state === 'complete' && request.bytes?.length === 4)
    return { action: 'git.refs', access: 'read', resource };
  if (commands === null) {
    return {
      action: 'git.push',
      access: 'delete',
      resource,
      unknown: ['refs', 'ref', 'creates', 'updates', 'deletes', 'forced'],
    };
  }
  const named = (kind: Command['kind']): string[] => commands.filter(one => one.kind === kind).map(({ ref }) => ref);
  const refs = [...new Set(commands.map(({ ref }) => ref))];
  const unknown = [...(refs.length > 1 ? ['ref'] : []), ...(named('update').length > 0 ? ['forced'] : [])];
  return {
    action: 'git.push',
    access: named('delete').length > 0 ? 'delete' : 'write',
    resource,
    parameters: {
      refs,
      ...(refs.length === 1 && { ref: refs[0]! }),
      creates: named('create'),
      updates: named('update'),
      deletes: named('delete'),
      ...(named('update').length === 0 && { forced: false }),
    },
    unknown,
  };
}

const repo = 'repo:{owner}/{repo}';

/** The routes of a git host that serves `/{owner}/{repo}.git`; `canonical` must take the `.git` off. */
export const gitRoutes: { readonly [methodAndTemplate: string]: Route } = {
  'GET /{owner}/{repo}/info/refs': [
    { when: { 'query.service': 'git-upload-pack' }, action: 'git.fetch', access: 'read', resource: repo },
    { when: { 'query.service': 'git-receive-pack' }, action: 'git.refs', access: 'read', resource: repo },
  ],
  'POST /{owner}/{repo}/git-upload-pack': { action: 'git.fetch', access: 'read', resource: repo },
  'POST /{owner}/{repo}/git-receive-pack': push,
  'POST /{owner}/{repo}/info/lfs/objects/batch': [
    { when: { 'body#/operation': 'download' }, action: 'git.lfs.download', access: 'read', resource: repo },
    { when: { 'body#/operation': 'upload' }, action: 'git.lfs.upload', resource: repo },
  ],
};

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
