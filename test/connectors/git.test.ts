/** git: what a push would do, read from what git itself sends. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readPush } from '../../connectors/git/commands.js';
import { applyDelta } from '../../connectors/git/pack.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { describe, exampleRequest } from '../../src/action/examples.js';
import type { Classified } from '../../src/model.js';

const zero = '0'.repeat(40);
const one = '1'.repeat(40);
const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
const bytes = (text: string): Uint8Array => Uint8Array.from(text, c => c.charCodeAt(0));
const dir = mkdtempSync(join(tmpdir(), 'tf-git-'));
after(() => rmSync(dir, { recursive: true }));

const env = { PATH: process.env.PATH, HOME: dir, GIT_CONFIG_NOSYSTEM: '1' };
const identity = ['-c', 'user.name=Agent', '-c', 'user.email=agent@tollfence.example'];
const git = (args: readonly string[], input = ''): Buffer =>
  execFileSync('git', [...identity, ...args], {
    cwd: dir,
    env,
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 1e8,
  });
const id = (ref: string): string => git(['rev-parse', ref]).toString().trim();

const catalog = openCatalog(connectors.filter(({ hosts }) => hosts.includes('github.com')));

/** Classifies a push of these commands, with the pack that git would make for a server that has `known`. */
function pushed(
  commands: readonly (readonly [before: string, after: string, ref: string])[],
  known: readonly string[],
  most = Number.POSITIVE_INFINITY,
  capabilities = 'report-status side-band-64k',
  behind = '',
): Classified {
  const tips = commands.map(([, to]) => to).filter(to => !/^0+$/.test(to));
  const revisions = [...tips, ...known.map(commit => `^${commit}`)].join('\n');
  const pack =
    tips.length === 0
      ? Buffer.alloc(0)
      : git(['pack-objects', '--revs', '--thin', '--stdout', '--delta-base-offset', '-q'], revisions);
  const head = commands.map(([from, to, ref], i) => line(`${from} ${to} ${ref}${i === 0 ? `\0${capabilities}` : ''}`));
  const body = Buffer.concat([Buffer.from(`${head.join('')}0000${behind}`), pack]);
  const request = exampleRequest('POST /acme/site.git/git-receive-pack', 'github.com');
  const content = body.subarray(0, most);
  const state = content.length < body.length ? 'truncated' : 'complete';
  return catalog.classify({ ...request, content, body: { state, bytes: content.length } });
}
/** A hash that begins like a number is printed in quotes. */
const printed = (hash: string): string => (/^\d/.test(hash) ? JSON.stringify(hash) : hash);
const forcedIn = ({ action }: Classified): unknown =>
  action.unknown.includes('forced') ? '?' : action.parameters.forced;

function commit(text: string, ...args: readonly string[]): string {
  writeFileSync(join(dir, 'file'), text);
  git(['add', 'file']);
  git(['commit', '-q', '--allow-empty', '-m', text, ...args]);
  return id('HEAD');
}

git(['init', '-q', '-b', 'main', dir]);
const first = commit('first');
const second = commit('second');
for (let i = 0; i < 30; i++) commit(`more ${i}`);
const tip = id('main');
git(['checkout', '-q', '-b', 'side', second]);
const side = commit('side');
git(['merge', '-q', '--no-edit', '-s', 'ours', 'main']);
const merge = id('HEAD');

test('an ordinary push forward is not forced, however many commits it has', () => {
  for (const [from, to] of [
    [first, second],
    [first, tip],
    [second, side],
    [side, merge],
    [tip, merge],
  ] as const)
    assert.equal(forcedIn(pushed([[from, to, 'refs/heads/main']], [from])), false);
});

test('a push is read from its commands and the commits at the front of its pack alone, so a long one is, too', () => {
  writeFileSync(join(dir, 'large'), Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251)));
  git(['add', 'large']);
  const large = commit('large');
  assert.equal(forcedIn(pushed([[merge, large, 'refs/heads/side']], [merge], 2000)), false);
});

test('what the pack does not show is unknown, and never taken for a push forward', () => {
  // Both are on the server already, so the pack is empty; and history that was rewritten.
  assert.equal(forcedIn(pushed([[first, tip, 'refs/heads/main']], [tip])), '?');
  assert.equal(forcedIn(pushed([[tip, side, 'refs/heads/main']], [tip])), '?');
  assert.equal(forcedIn(pushed([[first, tip, 'refs/heads/main']], [first], 400)), '?');
});

test('what the pack leaves open is asked of the server, if one commit of its decides it', () => {
  const asked = (from: string, to: string, known: readonly string[]): string | undefined =>
    pushed([[from, to, 'refs/heads/main']], known).lookup?.request;
  const compare = (from: string, to: string): string =>
    `GET https://api.github.com/repos/acme/site/compare/${from}...${to}?per_page=1&page=2`;
  assert.equal(asked(first, tip, [tip]), compare(first, tip));
  assert.equal(asked(tip, side, [second]), compare(tip, second));
  assert.equal(asked(first, second, [first]), undefined);
  const { lookup } = pushed([[first, tip, 'refs/heads/main']], [tip]);
  const fact = lookup!.parameters.forced as (answer: unknown, found: object) => unknown;
  const told = ['identical', 'ahead', 'behind', 'diverged', 'new'].map(status => fact({ status }, {}));
  assert.deepEqual(told, [false, false, true, true, undefined]);
});

test('to create is not forced; to delete, or to move a tag, is', () => {
  assert.equal(forcedIn(pushed([[zero, side, 'refs/heads/new']], [])), false);
  assert.equal(forcedIn(pushed([[first, second, 'refs/tags/v1']], [first])), true);
  const deleted = pushed([[first, zero, 'refs/heads/old']], []);
  assert.equal(
    describe(deleted),
    `github.git.push delete repo:acme/site ref=refs/heads/old refs=["refs/heads/old"] creates=[] updates=[] deletes=["refs/heads/old"] old=${printed(first)} forced=true`,
  );
  assert.deepEqual(deleted.action.hints, ['destructive']);
});

test('each ref of a push is decided by itself, what deletes first', () => {
  const { action, also } = pushed(
    [
      [first, second, 'refs/heads/a'],
      [first, zero, 'refs/heads/b'],
      [zero, side, 'refs/tags/c'],
    ],
    [first],
  );
  const all = [action, ...also!.map(part => part.action)];
  assert.deepEqual(
    all.map(({ parameters }) => [parameters.ref, parameters.forced]),
    [
      ['refs/heads/b', true],
      ['refs/heads/a', false],
      ['refs/tags/c', false],
    ],
  );
  for (const { parameters } of all) assert.deepEqual(parameters.refs, ['refs/heads/a', 'refs/heads/b', 'refs/tags/c']);
});

test('more refs than can be told one by one are told at once, and a ref that is there twice is not certain', () => {
  const many = Array.from({ length: 60 }, (_, i) => [zero, side, `refs/heads/x${i}`] as const);
  const { action, also } = pushed(many, []);
  assert.deepEqual([also, action.unknown, action.parameters.forced], [undefined, ['ref', 'old', 'new'], false]);
  const twice = pushed(
    [
      [zero, side, 'refs/heads/x'],
      [first, zero, 'refs/heads/x'],
    ],
    [],
  );
  assert.deepEqual([twice.action.access, twice.action.unknown.includes('ref')], ['delete', true]);
});

test('options of a push stand between its commands and its pack', () => {
  const options = `${line('ci.skip')}0000`;
  const capabilities = 'report-status push-options';
  assert.equal(forcedIn(pushed([[first, tip, 'refs/heads/main']], [first], undefined, capabilities, options)), false);
});

test('a repository of SHA-256 is read like any other', () => {
  const wide = join(dir, 'wide');
  git(['init', '-q', '--object-format=sha256', '-b', 'main', wide]);
  const inside = (...args: string[]) =>
    git(['-C', wide, ...args])
      .toString()
      .trim();
  const commits = ['a', 'b'].map(text => {
    inside('commit', '-q', '--allow-empty', '-m', text);
    return inside('rev-parse', 'HEAD');
  });
  const pack = git(['-C', wide, 'pack-objects', '--revs', '--stdout', '-q'], `${commits[1]}\n^${commits[0]}`);
  const head = line(`${commits[0]} ${commits[1]} refs/heads/main\0object-format=sha256`);
  const content = Buffer.concat([Buffer.from(`${head}0000`), pack]);
  const request = exampleRequest('POST /acme/site.git/git-receive-pack', 'github.com');
  const found = catalog.classify({ ...request, content, body: { state: 'complete', bytes: content.length } });
  assert.equal(forcedIn(found), false);
});

const commands = (text: string): unknown =>
  readPush(bytes(text))?.commands.map(({ ref, kind }) => ({ ref, kind })) ?? null;

test('a push is read up to the pack: what it creates, updates and deletes', () => {
  const push = `${line(`${zero} ${one} refs/heads/a\0report-status agent=git/2`)}${line(`${one} ${zero} refs/heads/b\n`)}${line(`${one} ${one} refs/tags/c`)}0000PACK\u00ff`;
  assert.deepEqual(commands(push), [
    { ref: 'refs/heads/a', kind: 'create' },
    { ref: 'refs/heads/b', kind: 'delete' },
    { ref: 'refs/tags/c', kind: 'update' },
  ]);
});

test('a push whose commands aren’t all there is unknown', () => {
  const first = line(`${zero} ${one} refs/heads/a\0caps`);
  for (const text of [
    '',
    '00',
    first,
    first.slice(0, 50),
    `${first}zzzz`,
    `${line('push-cert\0caps')}0000`,
    `${line(`${zero} ${one} refs/heads/\u00e4\0`)}0000`,
    `${line(`${zero} ${one} refs/heads/a\0push-options`)}0000${line('half')}`,
    '0001',
    '00040000',
    `${line(`${one} refs/heads/a`)}0000`,
  ]) {
    assert.equal(commands(text), null, JSON.stringify(text));
  }
});

test('whatever is behind the commands, a push is told without an error, and never milder than its commands', () => {
  const request = exampleRequest('POST /acme/site.git/git-receive-pack', 'github.com');
  const real = git(['pack-objects', '--revs', '--stdout', '-q'], `${tip}\n^${first}`);
  const head = Buffer.from(`${line(`${first} ${tip} refs/heads/main\0caps`)}0000`);
  fc.assert(
    fc.property(fc.nat(real.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const pack = Buffer.from(real);
      pack[at] = pack[at]! ^ change;
      const content = Buffer.concat([head, pack]);
      const found = catalog.classify({ ...request, content, body: { state: 'complete', bytes: content.length } });
      assert.equal(found.action.name, 'github.git.push');
      assert.notEqual(forcedIn(found), true);
    }),
    { numRuns: 200 },
  );
});

test('a delta gives what git’s own would, or nothing', () => {
  const base = bytes('tree 1234567890\nparent abc\n');
  const whole = applyDelta(base, new Uint8Array([base.length, 8, 0x90, 5, 3, 110, 101, 119]));
  assert.equal(Buffer.from(whole!).toString(), 'tree new');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (from, delta) => {
      const made = applyDelta(from, delta);
      assert.ok(made === null || made.length < 1 << 20);
    }),
  );
});
