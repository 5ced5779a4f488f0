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
  connector: { enters: 'type:model', touches: '' },
  errors: { enters: '', touches: '' },
  permit: { enters: 'errors', touches: '' },
  gateway: { enters: 'errors type:credentials type:http type:identity type:model type:permit', touches: '' },
  config: { enters: 'errors', touches: 'node:net yaml zod' },

  connectors: { enters: 'type:model', touches: '', doors: 'index examples/index' },
  // Of Node's modules only what computes: hashes, and inflating.
  action: {
    enters: 'errors type:model',
    touches: 'node:crypto node:zlib',
    doors: 'catalog examples import/index json lookup own pattern rows',
  },
  // node:crypto: signatures (AWS) are hashes and HMACs.
  credentials: { enters: 'errors type:model', touches: 'node:crypto', doors: 'index' },
  spending: { enters: 'errors type:model', touches: 'node:fs yaml zod', doors: 'index' },
  policy: {
    enters: 'action errors spending type:model',
    touches:
      '@open-policy-agent/opa-wasm canonicalize node:child_process node:crypto node:fs node:module node:os node:path node:stream/promises node:worker_threads node:zlib',
    doors: 'index compiler question',
  },
  identity: {
    enters: 'errors log type:model type:spending',
    touches: 'better-sqlite3 node:crypto node:fs',
    doors: 'gateways keys kill replica runs state',
  },
  log: {
    enters: 'errors permit type:model',
    touches: 'better-sqlite3 node:crypto node:fs node:path node:timers/promises node:worker_threads',
    doors: 'index',
  },
  approvals: {
    enters: 'errors http log type:gateway type:model type:permit',
    touches: 'node:crypto',
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
      'http-proxy-3 node:crypto node:dns node:http node:http2 node:net node:stream node:tls node:v8 node:vm node:zlib undici',
    doors:
      'authenticate body connections decode exchange fetch flights forward grpc listener passthrough problem resign resolve rewrite stall target upstream watch websocket',
  },
  control: {
    enters:
      'action errors http policy type:approvals type:config type:identity type:log type:model type:spending type:vault',
    touches: 'node:crypto node:fs node:http node:path',
    doors: 'index',
  },

  bin: {
    enters: 'bin/commands config errors',
    touches: 'commander node:child_process node:crypto node:fs node:http node:net node:os node:path node:url node:util',
    doors: 'connect-to control daemon home print user version',
  },
  'bin/commands': {
    enters:
      'action bin bin/environment bin/proxy bin/run config connectors errors log policy tls type:approvals type:model type:spending type:vault',
    touches:
      '@clack/prompts commander node:crypto node:events node:fs node:fs/promises node:os node:path node:timers/promises node:util',
  },
  'bin/environment': {
    enters: 'errors tls',
    touches: 'node:fs node:http node:https node:net node:path node:stream node:url undici',
    doors: 'child-environment trust-files',
  },
  'bin/run': {
    enters: 'errors identity',
    touches: 'node:child_process node:fs node:http node:net node:os node:path node:tls',
    doors: 'canary child command-line',
  },
  'bin/proxy': {
    enters:
      'action approvals bin bin/environment bin/workers connectors control credentials errors gateway http identity log policy spending tls vault type:config type:model type:permit',
    touches: 'file node:crypto node:fs node:net node:path yaml',
    doors: 'carrier confirm connector-file connectors data-path exchange/index generated open policy',
  },
  'bin/workers': {
    enters:
      'bin bin/proxy errors gateway http identity log policy spending tls vault type:approvals type:config type:model type:permit',
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
