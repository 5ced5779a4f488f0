/** Several: a request that would do several things, asked of the default policy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPolicy, toData } from '../../src/policy/index.js';
import { ask, permission } from './question.js';

test('a permission with limits is named as often as it allows something that a request does', async () => {
  const question = ask({ gateway: 'g' });
  const also = (name: string) => ({ action: { ...question.action, name }, resource: question.resource });
  const rated = { gateway: 'g', action: 'github.issue.*', effect: 'allow', rate: ['10/min'] } as const;
  const policy = await openPolicy({
    data: toData([permission(rated), permission({ gateway: 'g', action: 'github.pr.*', effect: 'allow' })], []),
  });
  const names = ['github.issue.close', 'github.pr.get', 'github.issue.lock'];
  const { limits } = await policy.decide({ ...question, also: names.map(also) });
  assert.equal(limits?.length, 3);
  assert.equal(new Set(limits).size, 1);
});

test('of several actions in one request the strictest decision counts, and says which it is about', async () => {
  const question = ask({ gateway: 'g' });
  const also = (name: string) => ({ action: { ...question.action, name }, resource: question.resource });
  const policy = await openPolicy({
    data: toData(
      [
        permission({ gateway: 'g', action: 'github.*', effect: 'allow' }),
        permission({ gateway: 'g', action: 'github.issue.lock', effect: 'require_approval' }),
        permission({ gateway: 'g', action: 'github.repo.delete', effect: 'deny' }),
      ],
      [],
    ),
  });
  const effect = async (...names: readonly string[]): Promise<string> => {
    const { effect, reason } = await policy.decide({ ...question, also: names.map(also) });
    return `${effect}: ${reason}`;
  };
  assert.match(await effect('github.issue.get'), /^allow/);
  assert.match(
    await effect('github.issue.get', 'github.issue.lock'),
    /^require_approval: Of the 3 actions.*issue\.lock/,
  );
  assert.match(await effect('github.issue.lock', 'github.repo.delete'), /^deny: Of the 3 .*github\.repo\.delete/);
  assert.match(await effect('stripe.refund.create'), /^deny: .*No permission of/);
  await policy.close();
});
