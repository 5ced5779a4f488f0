import assert from 'node:assert/strict';
import { test } from 'node:test';
import slack from '../../connectors/slack.js';
import { Refusal } from '../../src/errors.js';
import { problemAnswer } from '../../src/http/problem.js';

const context = {
  ...{ gateway: 'agent', meaning: null, rule: 'perm_1', evidence: 'ev_1', pendingStatus: 503 },
  ...{ connector: slack, agent: '@slack:web-api/8.2.0 node/20.20.0 linux/6.1' },
};
const answer = (retryAfter: number, agent = context.agent) =>
  problemAnswer(new Refusal('budget_exceeded', 'All of it is spent.', { retryAfter }), { ...context, agent });

test('an SDK waits for a limit that is renewed soon, and gives up at once where it would wait for hours', () => {
  const field = (seconds: number, name: string) => answer(seconds).fields.find(([each]) => each === name)?.[1];
  assert.deepEqual([answer(30).status, field(30, 'Retry-After'), field(30, 'X-Should-Retry')], [429, '30', undefined]);
  assert.deepEqual([field(7200, 'Retry-After'), field(7200, 'Stripe-Should-Retry')], ['7200', 'false']);
  assert.equal(answer(7200, 'curl/8').status, 429);
  // Slack's waits for whatever a 429 says.
  assert.equal(answer(7200).status, 200);
  const document = JSON.parse(answer(7200).body.toString()) as Record<string, unknown>;
  assert.deepEqual([document.ok, document.error], [false, 'budget_exceeded: All of it is spent.']);
  assert.equal(document.retryable, true);
});
