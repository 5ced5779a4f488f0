/** The house: which room may enter which, and touch what. Imports are capabilities: this table is the security model. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { type Import, importsOf, read, repository, sourcesIn } from './imports.js';

interface Room {
  /** Rooms that it may enter; `type:` for those of which it may only know the types. */
  readonly enters: string;
  /** Modules of Node and npm that it may use. */
  readonly touches: string;
  /** Files that others may import; any if not told. */
  readonly doors?: string;
}

const rooms: Readonly<Record<string, Room>> = {
  model: { enters: 'type:connector type:subject', touches: '' },
  subject: { enters: 'type:model', touches: '' },
  flags: { enters: 'action type:model', touches: 'file node:fs', doors: 'index' },
  connector: { enters: 'type:model', touches: '' },
  errors: { enters: '', touches: '' },
  inert: { enters: '', touches: '' },
  permit: { enters: 'errors', touches: '' },
  gateway: { enters: 'errors type:credentials type:http type:identity type:model type:permit', touches: '' },
  config: { enters: 'errors', touches: 'node:net yaml zod' },

  connectors: { enters: 'type:model', touches: '', doors: 'index examples/index' },
  // Of Node's modules only what computes: hashes, and inflating.
  action: {
    enters: 'errors type:model',
    touches: 'node:crypto node:zlib',
    doors: 'catalog examples form import/index json lookup media-type own pattern rows',
  },
  // node:crypto: signatures (AWS) are hashes and HMACs.
  credentials: { enters: 'errors type:model', touches: 'node:crypto', doors: 'index' },
  spending: { enters: 'errors type:model', touches: 'node:fs yaml zod', doors: 'index' },
  policy: {
    enters: 'action config errors spending type:model',
    touches:
      '@open-policy-agent/opa-wasm canonicalize node:child_process node:crypto node:fs node:module node:os node:path node:stream/promises node:worker_threads node:zlib',
    doors: 'index compiler question',
  },
  identity: {
    enters: 'errors log type:config type:model type:spending',
    touches: 'better-sqlite3 jose node:crypto node:fs node:fs/promises node:path',
    doors:
      'bearers binding gateways grants internal keys kill liveness oidc/index peer processes program remains replica runs signature standing state',
  },
  log: {
    enters: 'errors permit type:model',
    touches: 'better-sqlite3 node:crypto node:fs node:path node:timers/promises node:worker_threads',
    doors: 'index',
  },
  approvals: {
    enters: 'credentials errors http identity log type:gateway type:model type:permit',
    touches: 'node:crypto',
    doors: 'binding demand index scope',
  },
  deferrals: {
    enters: 'approvals errors http log type:gateway type:identity type:model type:permit',
    touches: 'node:crypto',
    doors: 'index',
  },
  // People, their keys and their links.
  approvers: {
    enters: 'errors log type:approvals type:identity type:model',
    touches: 'node:crypto',
    doors: 'index',
  },
  // What is said to people, and how their answer from Slack is known; sends nothing itself.
  notify: { enters: 'inert type:approvals type:identity', touches: 'node:crypto', doors: 'index' },
  // The only room that people's browsers reach: it can look at a link and answer by it, and nothing else.
  web: {
    enters: 'errors inert type:approvals type:approvers type:notify',
    touches: 'node:crypto node:http node:net',
    doors: 'index',
  },
  vault: {
    enters: 'credentials errors permit type:model',
    touches:
      'better-sqlite3 libsodium-wrappers-sumo node:child_process node:crypto node:fs node:path node:worker_threads',
    doors: 'index',
  },
  tls: {
    enters: 'errors',
    touches: 'node-forge node:crypto node:fs node:net node:path node:tls',
    doors: 'authority contexts leaf trust trust-store',
  },
  http: {
    enters: 'credentials errors identity permit type:gateway type:model',
    touches:
      'http-proxy-3 node:crypto node:dns node:events node:http node:http2 node:net node:stream node:tls node:v8 node:vm node:zlib undici',
    doors:
      'authenticate body connections decode exchange fetch flights forward front-door grpc listener passthrough problem resign resolve rewrite stall target upstream watch websocket',
  },
  control: {
    enters:
      'action config errors gateway http identity policy type:approvals type:approvers type:deferrals type:flags type:log type:model type:notify type:spending type:vault',
    touches: 'node:crypto node:fs node:http node:path',
    doors: 'index',
  },

  // What programs of others import: loopback, and nothing of the house.
  sdk: { enters: '', touches: 'node:http node:timers/promises' },

  bin: {
    enters: 'bin/commands config errors inert',
    touches: 'commander node:child_process node:crypto node:fs node:http node:net node:os node:path node:url node:util',
    doors: 'connect-to control daemon home print user version',
  },
  'bin/approver': {
    enters: 'approvers errors log type:approvals',
    touches: '@clack/prompts node:crypto node:fs node:os node:path',
    doors: 'key-file passphrase sign',
  },
  'bin/commands': {
    enters:
      'action approvals bin bin/approver bin/environment bin/proxy bin/run config connectors errors log policy tls type:approvals type:approvers type:deferrals type:identity type:model type:spending type:vault',
    touches:
      '@clack/prompts commander node:crypto node:events node:fs node:fs/promises node:path node:timers/promises node:util',
  },
  'bin/environment': {
    enters: 'errors tls',
    touches: 'node:fs node:http node:https node:net node:path node:stream node:url undici',
    doors: 'child-environment trust-files',
  },
  'bin/run': {
    enters: 'bin errors identity tls type:bin/environment type:model',
    touches: 'node:child_process node:crypto node:fs node:http node:net node:os node:path node:tls',
    doors: 'child command-line order session',
  },
  'bin/proxy': {
    enters:
      'action approvals approvers bin bin/environment bin/workers connectors control credentials deferrals errors flags gateway http identity log notify policy spending tls vault web type:config type:model type:permit',
    touches:
      '@slack/socket-mode @slack/web-api file node:child_process node:crypto node:fs node:net node:path undici yaml',
    doors: 'agent-calls carrier confirm connector-file connectors data-path exchange/index generated open policy',
  },
  'bin/workers': {
    enters:
      'bin bin/proxy errors gateway http identity log permit policy spending tls vault type:approvals type:config type:control type:deferrals type:model',
    touches: 'node:child_process node:crypto node:net node:url',
    doors: 'index',
  },
};

const words = (text: string): string[] => text.split(' ').filter(word => word !== '');

/** `src/http/body.ts` is in `http`, `src/model.ts` in `model`, `bin/run/child.ts` in `bin/run`, `vault/seal.ts` in `vault`. */
function place(file: string): { room: string; inside: string } {
  const parts = file.replace(/\.c?ts$/, '').split('/');
  const depth = parts[0] === 'src' ? 2 : parts[0] === 'bin' && parts.length > 2 ? 2 : 1;
  return { room: parts.slice(parts[0] === 'src' ? 1 : 0, depth).join('/'), inside: parts.slice(depth).join('/') };
}

const isFile = (target: string): boolean => existsSync(`${repository}${target}`);

const files = sourcesIn('src', 'connectors', 'vault', 'bin');
const imports = files.flatMap(importsOf);

/** What is wrong with an import, or null. */
function fault({ file, target, typeOnly }: Import): string | null {
  const own = place(file).room;
  const { enters, touches } = rooms[own]!;
  if (!isFile(target)) return words(touches).includes(target) ? null : `${file} may not touch ${target}`;
  const { room, inside } = place(target);
  if (room === own) return null;
  if (!words(enters).includes(room) && !(typeOnly && words(enters).includes(`type:${room}`)))
    return `${file} may not enter ${room}`;
  const doors = rooms[room]?.doors;
  return doors === undefined || inside === '' || words(doors).includes(inside)
    ? null
    : `${file} enters ${room} not by a door: ${target}`;
}

test('no room enters a room, or touches a module, that the table does not give it', () => {
  assert.deepEqual(
    imports.filter(({ target }) => target !== '?').flatMap(each => fault(each) ?? []),
    [],
  );
});

test('the table gives no room more than it uses', () => {
  const spare = Object.entries(rooms).flatMap(([name, { enters, touches, doors }]) => {
    const own = imports.filter(({ file }) => place(file).room === name);
    const entered = (room: string, types: boolean): boolean =>
      own.some(({ target, typeOnly }) => isFile(target) && place(target).room === room && (types || !typeOnly));
    const opened = (door: string): boolean =>
      imports.some(
        ({ file, target }) =>
          place(file).room !== name && isFile(target) && place(target).room === name && place(target).inside === door,
      );
    return [
      ...words(enters)
        .filter(room => !entered(room.replace('type:', ''), room.startsWith('type:')))
        .map(room => `${name} does not enter ${room}`),
      ...words(touches)
        .filter(module => !own.some(({ target }) => target === module))
        .map(module => `${name} does not touch ${module}`),
      ...words(doors ?? '')
        .filter(door => !opened(door))
        .map(door => `nobody uses the door ${door} of ${name}`),
    ];
  });
  assert.deepEqual(spare, []);
});

test('every file is in a room of the table, and no room is a drawer', () => {
  assert.deepEqual(
    files.filter(file => rooms[place(file).room] === undefined),
    [],
  );
  assert.deepEqual(
    files.filter(file => /(^|\/)(utils?|common|helpers?|misc|shared)(\/|\.)/.test(file)),
    [],
  );
});

test('only the log mints permits', () => {
  const minting = imports
    .filter(({ target, names }) => target === 'src/permit.ts' && names.includes('mint'))
    .map(({ file }) => place(file).room);
  assert.deepEqual([...new Set(minting)], ['log']);
  // A whole module taken under one name would take `mint` with it.
  assert.deepEqual(
    files.filter(file => /import\s+\*.*permit\.js|import\(.*permit\.js/.test(read(file))),
    [],
  );
});

test('the line imports no disk, no network and no vault, and nothing but types except refusals', () => {
  const values = importsOf('src/gateway.ts').filter(({ typeOnly }) => !typeOnly);
  assert.deepEqual(
    values.map(({ target }) => target),
    ['src/errors.ts'],
  );
});

test('a connector imports types and other connectors, and nothing else', () => {
  const others = imports.filter(
    ({ file, target, typeOnly }) =>
      place(file).room === 'connectors' && place(target).room !== 'connectors' && !typeOnly,
  );
  assert.deepEqual(others, []);
});

test('what a file loads can be read in it: only two look for a file of data by a computed name', () => {
  assert.deepEqual(
    imports.filter(({ target }) => target === '?').map(({ file }) => file),
    ['bin/version.ts', 'src/policy/shipped.ts'],
  );
});

test('no file is longer than 300 lines', () => {
  const all = [...files, ...sourcesIn('test', 'bench', 'fuzz', 'examples')];
  const long = all.map(file => [file, read(file).split('\n').length - 1] as const).filter(([, lines]) => lines > 300);
  assert.deepEqual(long, []);
});
