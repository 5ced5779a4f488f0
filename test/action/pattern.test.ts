/** Patterns of actions and resources, as permissions have them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesPattern, patternFault, specificity } from '../../src/action/pattern.js';

test('a pattern matches by segments: one for `*`, one or more at the end', () => {
  const yes = [
    ['github.*', 'github.pr.merge'],
    ['github.*', 'github.x'],
    ['*', 'a.b'],
    ['github.*.list', 'github.pr.list'],
    ['a.b', 'a.b'],
  ] as const;
  const no = [
    ['github.*', 'github'],
    ['github.*.list', 'github.list'],
    ['github.*.list', 'github.a.b.list'],
    ['a.b', 'a.b.c'],
    ['a.b', 'a.bc'],
    ['*.x', 'y.z'],
  ] as const;
  for (const [pattern, value] of yes) assert.ok(matchesPattern(pattern, value, '.'), `${pattern} ${value}`);
  for (const [pattern, value] of no) assert.ok(!matchesPattern(pattern, value, '.'), `${pattern} ${value}`);
  assert.ok(matchesPattern('repo:acme/*', 'repo:acme/site', '/'));
  assert.ok(matchesPattern('repo:*', 'repo:acme/site', '/'));
  assert.ok(!matchesPattern('repo:acme/*', 'repo:acme', '/'));
  assert.ok(!matchesPattern('repo:acme/*', 'repo:acme-evil/site', '/'));
  assert.deepEqual(
    [
      specificity('*', '.'),
      specificity('github.*', '.'),
      specificity('repo:acme/*', '/'),
      specificity('repo:acme/site', '/'),
    ],
    [0, 1, 2, 3],
  );
  assert.equal(patternFault('github.pr.*', '.'), null);
  assert.equal(patternFault('repo:acme/*', '/'), null);
  for (const pattern of ['', 'github.p*', 'a..b', 'A.b', 'a b']) assert.match(patternFault(pattern, '.')!, /pattern/i);
  for (const pattern of ['acme/site', 'repo:a//b', 'repo:a*']) assert.match(patternFault(pattern, '/')!, /pattern/i);
});
