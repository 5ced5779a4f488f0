/** Fuzz: request targets. What is read is a fixed point, and a URL parser finds the same segments. */
import assert from 'node:assert/strict';
import { generated } from '../../bin/proxy/generated.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { Refusal } from '../../src/errors.js';
import { canonicalTarget, printTarget } from '../../src/http/target.js';
import { type Target, unlessRefused } from '../target.js';

const catalog = openCatalog(connectors, { generated, whole: true });

/** Escapes undone byte by byte. */
const unescaped = (path: string): string =>
  path.replace(/%([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

export const target: Target = {
  name: 'target',
  seeds: [
    '/',
    '/repos/acme/site/pulls/7/merge?a=b',
    '/a/b%20c;d/e:f@g?x=%2F&y',
    '/%7Euser/caf%C3%A9',
    '/a.git/info/refs?service=x',
  ],
  tokens: [
    '/',
    '//',
    '..',
    '.',
    '%2e',
    '%2E',
    '%2f',
    '%5c',
    '%25',
    '%252e',
    ';',
    '?',
    '#',
    '\\',
    '%',
    '%00',
    '%c3%a9',
    '|',
    '[',
    '~',
  ],
  longest: 9_000,
  run(input) {
    const found = unlessRefused(() => canonicalTarget(input.toString('latin1')), Refusal);
    if (found === null) return 'refused';
    const printed = printTarget(found.path, found.query);
    assert.deepEqual(canonicalTarget(printed), found);
    const url = new URL(`https://api.github.com${printed}`);
    assert.equal(unescaped(url.pathname), unescaped(found.path));
    assert.equal(url.pathname.split('/').length, found.path.split('/').length);
    const body = { state: 'none', bytes: 0 } as const;
    const { action } = catalog.classify({
      ...found,
      scheme: 'https',
      host: 'api.github.com',
      port: 443,
      method: 'GET',
      fields: [],
      body,
      content: null,
      upgrade: null,
    });
    return `${action.name} ${Object.keys(action.parameters).length} ${found.query === ''}`;
  },
};
