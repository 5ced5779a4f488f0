/** Own: connectors as operators write them, and what is not taken from a file. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseDescription } from '../../bin/proxy/connector-file.js';
import { openInstalled, parseOwn } from '../../bin/proxy/connectors.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import { isHostPattern } from '../../src/action/hosts.js';
import { readOpenApi } from '../../src/action/openapi/index.js';
import { Fault } from '../../src/errors.js';

const home = mkdtempSync(join(tmpdir(), 'tf-own-'));
after(() => rmSync(home, { recursive: true }));

const file = (...lines: readonly string[]): string =>
  ['name: acme', 'hosts: [api.acme.dev]', 'routes: {GET /things: {action: thing.list}}', ...lines].join('\n');
const refused = (text: string): string => {
  try {
    const { connector } = parseOwn(text, 'acme.yaml');
    openCatalog([connector], { whole: true });
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return error.message;
  }
  return '';
};

test('a key’s variable is never one that something else is run by', () => {
  const env = (name: string): string =>
    refused(file(`credentials: {scheme: bearer, placeholder: acme_tfplaceholder, env: [${JSON.stringify(name)}]}`));
  for (const name of ['ACME_API_KEY', 'ACME_TOKEN', 'acme_key', 'NODE_AUTH_TOKEN', 'CARGO_REGISTRY_TOKEN', 'GOOD_KEY'])
    assert.equal(env(name), '', name);
  for (const name of ['PATH', 'path', 'HOME', 'LD_PRELOAD', 'DYLD_INSERT_LIBRARIES', 'NODE_OPTIONS', 'BASH_ENV', 'ENV'])
    assert.match(env(name), /is not the name of a variable for a key/, name);
  for (const name of ['PYTHONPATH', 'GIT_SSH_COMMAND', 'HTTPS_PROXY', 'TF_HOME', 'TF_MASTER_KEY', 'A=B', 'A\nB', ''])
    assert.match(env(name), /is not the name of a variable for a key/, name);
});

test('a placeholder is one word, for it stands in a variable', () => {
  for (const placeholder of ['a tfplaceholder', 'tfplaceholder\n', 'tfplacehølder tfplaceholder'])
    assert.match(
      refused(file(`credentials: {scheme: bearer, placeholder: ${JSON.stringify(placeholder)}}`)),
      /must be ASCII without spaces/,
    );
});

test('a pattern of hosts never stands for what anybody may register', () => {
  for (const host of ['*.acme.dev', 'api.*.acme.dev', '*.internal', 'api.*.test', 'api.acme.dev'])
    assert.ok(isHostPattern(host), host);
  for (const host of ['*.com', '*.dev', 'api.*.com', '*.*.io', 'acme.*', '*', '*.github.*'])
    assert.ok(!isHostPattern(host), host);
});

test('aliases that lead back to themselves, or stand for millions, are a sentence and no wait', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i++)
    bomb.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  assert.match(refused(bomb.join('\n')), /its aliases stand for more than a connector can be/);
  const cycle = 'routes: {GET /x: {action: x, lookup: &l {request: GET /y, parameters: {a: /a}, next: *l}}}';
  assert.match(refused(`name: acme\nhosts: [api.acme.dev]\n${cycle}`), /its aliases stand for more/);
  assert.throws(
    () => parseDescription(`openapi: 3.0.0\n${bomb.join('\n')}`, 'acme.yaml'),
    /its aliases stand for more/,
  );
});

test('a look-up that isn’t one is told, and not left to the first request', () => {
  for (const lookup of ['{request: GET /y}', '{request: 5, parameters: {}}', '{request: GET /y, parameters: {a: 1}}'])
    assert.match(refused(file().replace('thing.list', `thing.list, lookup: ${lookup}`)), /must be a row/, lookup);
});

test('a file can’t take the name of a connector that comes with Tollfence, and the secrets that are for it', () => {
  mkdirSync(join(home, 'connectors'), { recursive: true });
  const path = join(home, 'connectors', 'hub.yaml');
  writeFileSync(path, file().replace('acme', 'github'));
  assert.throws(() => openInstalled(home, { connectors: {} }), /a connector github comes with Tollfence/);
  writeFileSync(path, file());
  assert.equal(openInstalled(home, { connectors: {} }).find('acme')?.name, 'acme');
});

test('a template has one parameter of several segments at most, so that a long path is read in no time', () => {
  const template = (path: string): string => file().replace('GET /things', JSON.stringify(`GET ${path}`));
  assert.equal(refused(template('/things/{a+}/x')), '');
  assert.match(refused(template('/things/{a+}/x/{b+}')), /two parameters take several segments/);
  const { routes, faults } = readOpenApi({
    openapi: '3.0.0',
    paths: {
      '/{a}/x/{b}/y': {
        get: { parameters: ['a', 'b'].map(name => ({ name, in: 'path', 'x-multi-segment': true })) },
      },
    },
  });
  assert.deepEqual(routes, {});
  assert.match(faults.join(), /has two parameters of several segments/);
  const catalog = openCatalog([parseOwn(template('/things/{a+}/x'), 'acme.yaml').connector]);
  const named = (segments: number): string =>
    catalog.classify(exampleRequest(`GET /things/${'a/'.repeat(segments)}x`, 'api.acme.dev')).action.name;
  assert.equal(named(900), 'acme.thing.list');
  assert.equal(named(4000), 'acme.unclassified');
});

test('what an editor puts beside a connector is left alone, and what can’t be read is a sentence', () => {
  const directory = join(home, 'connectors');
  mkdirSync(directory, { recursive: true });
  symlinkSync('agent@nowhere.1', join(directory, '.#acme.yaml'));
  assert.doesNotThrow(() => openInstalled(home, { connectors: {} }));
  mkdirSync(join(directory, 'folder.yaml'));
  assert.throws(() => openInstalled(home, { connectors: {} }), /folder\.yaml can't be read \(EISDIR\)/);
});
