/** Look-ups: what is asked is a path of the table, filled in with plain values only. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import { chain, checkLookup, filledIn, lookedUp, targetOf } from '../../src/action/lookup.js';
import type { Connector, LookupRow, Meaning } from '../../src/model.js';

const row: LookupRow = {
  request: 'GET /repos/{repo}/pulls/{number}',
  parameters: { sha: '/head/sha', draft: '/draft' },
  next: { request: 'GET /repos/{repo}/commits/{sha}/runs?per_page=100', parameters: { checks: '/state' } },
};

test('a later look-up is asked with what an earlier one found, and not without it', () => {
  const filled = filledIn(row, { repo: 'a b', number: '7' }, {})!;
  assert.deepEqual(lookedUp(row), ['sha', 'draft', 'checks']);
  const [first, second] = [...chain(filled)];
  assert.deepEqual(targetOf(first!, {}), { host: null, path: '/repos/a%20b/pulls/7', query: '' });
  assert.equal(targetOf(second!, {}), null);
  assert.deepEqual(targetOf(second!, { sha: 'c0ffee' }), {
    host: null,
    path: '/repos/a%20b/commits/c0ffee/runs',
    query: 'per_page=100',
  });
});

test('nothing of a body or an answer changes which path is asked', () => {
  const ofBody: LookupRow = { request: 'GET /charges/{charge}', parameters: { amount: '/amount' } };
  const [, second] = [...chain(filledIn(row, { repo: 'r', number: '7' }, {}))];
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom('..', 'a/b', 'a?b', '%2e', '{number}', ''), fc.jsonValue()),
      value => {
        const given = value as string;
        const asked = filledIn(ofBody, {}, { charge: given });
        if (asked !== null) assert.match(asked.request, /^GET \/charges\/[\w-]+$/);
        const later = targetOf(second!, { sha: given });
        if (later !== null) assert.match(later.path, /^\/repos\/r\/commits\/[\w-]+\/runs$/);
      },
    ),
  );
});

test('a look-up that names what nobody knows is a fault, and so is one that is no GET', () => {
  const faults: string[] = [];
  checkLookup({ ...row, next: { request: 'POST /x/{other}', parameters: {} } }, ['repo', 'number'], fault =>
    faults.push(fault),
  );
  assert.deepEqual(faults, [
    'the look-up "POST /x/{other}" is not GET and a path',
    '{other} in the look-up is neither in the template nor a parameter',
  ]);
});

test('a fact that a function says can be looked up is unknown until it is, in each part of a batch', () => {
  const one = (action: string): Meaning => ({
    action,
    parameters: { amount: 1 },
    unknown: ['note'],
    lookup: {
      request: 'GET /a',
      parameters: { currency: '/currency', amount: '/amount' },
      next: { request: 'GET /b', parameters: { owner: '/owner' } },
    },
  });
  const several: Connector = { name: 'several', hosts: ['s.test'], routes: { 'POST /x': () => [one('a'), one('b')] } };
  const { action, also } = openCatalog([several]).classify(exampleRequest('POST /x', 's.test'));
  for (const part of [action, also?.[0]?.action])
    assert.deepEqual(part?.unknown, ['note', 'currency', 'amount', 'owner']);
});
