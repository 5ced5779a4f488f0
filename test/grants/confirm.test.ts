import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmed } from '../../bin/proxy/confirm.js';
import { Refusal } from '../../src/errors.js';
import { openTrace } from '../../src/gateway.js';
import type { Decision } from '../../src/model.js';
import { ask } from '../policy/question.js';

test('an approval does not outlive the grant that its request was asked under', async () => {
  const decision: Decision = {
    effect: 'require_approval',
    rule: 'perm_1',
    reason: '',
    secret: null,
    policy_sha256: '',
  };
  const grant = { id: 'gr_1', task: 'a task', expires_at: '2026-11-20T12:00:00.000Z' };
  const trace = { ...openTrace(null), decision, question: { ...ask(), grant } };
  const policy = { decide: () => decision };
  const asked: string[] = [];
  const live = (id: string): boolean => asked.push(id) > 0;
  await confirmed({ policy, grants: { live } }, trace);
  assert.deepEqual(asked, ['gr_1']);
  await assert.rejects(
    confirmed({ policy, grants: { live: () => false } }, trace),
    (error: unknown) =>
      error instanceof Refusal && error.extra.rule === 'grant:gr_1' && /gr_1 for "a task" ended/.test(error.message),
  );
});
