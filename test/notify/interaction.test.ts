import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { pressOf, SlackRequests } from '../../src/notify/index.js';

// The example in Slack's documentation.
const secret = '8f742231b10e8888abcd99yyyzzz85a5';
const timestamp = '1531420618';
const body = Buffer.from(
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
);
const signature = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';
const at = Number(timestamp) * 1_000;
const headers = { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature };

test("the example in Slack's documentation is a request of Slack's, and once only", () => {
  const requests = new SlackRequests(() => at);
  assert.equal(requests.objection(headers, body, secret), null);
  assert.match(requests.objection(headers, body, secret)!, /came before/);
});

test('a request that Slack did not sign, or signed long ago, or for another body, is none of Slack', () => {
  const objection = (
    fields: Record<string, string | string[] | undefined>,
    bytes: Buffer = body,
    now = at,
    key = secret,
  ): string | null => new SlackRequests(() => now).objection({ ...headers, ...fields }, bytes, key);
  const sign = (time: string): string =>
    `v0=${createHmac('sha256', secret).update(`v0:${time}:`).update(body).digest('hex')}`;
  assert.match(objection({ 'x-slack-signature': undefined })!, /not signed/);
  assert.match(objection({ 'x-slack-signature': [signature, signature] })!, /not signed/);
  assert.match(objection({ 'x-slack-request-timestamp': 'soon', 'x-slack-signature': sign('soon') })!, /not signed/);
  assert.match(objection({ 'x-slack-request-timestamp': '1531420619' })!, /wrong/);
  assert.match(objection({ 'x-slack-signature': signature.replace('v0=', 'v1=') })!, /wrong/);
  assert.match(objection({ 'x-slack-signature': signature.slice(0, -1) })!, /wrong/);
  assert.match(objection({}, Buffer.concat([body, Buffer.from(' ')]))!, /wrong/);
  assert.match(objection({}, body, at, 'another')!, /wrong/);
  assert.match(objection({}, body, at + 301_000)!, /five minutes/);
  assert.match(objection({}, body, at - 301_000)!, /five minutes/);
  assert.equal(objection({}, body, at + 299_000), null);
});

test('a press is one of our two buttons, and nothing else that Slack may send', () => {
  const press = (differs: object): unknown =>
    pressOf({
      ...{ type: 'block_actions', user: { id: 'U1' } },
      container: { type: 'message', channel_id: 'C1', message_ts: '1.2' },
      actions: [{ action_id: 'tollfence_approve', value: 'apr_01K' }],
      ...differs,
    });
  assert.deepEqual(press({}), { user: 'U1', approval: 'apr_01K', verdict: 'granted', at: 'C1 1.2' });
  assert.deepEqual(press({ actions: [{ action_id: 'tollfence_deny', value: 'apr_01K' }] }), {
    ...{ user: 'U1', approval: 'apr_01K', verdict: 'refused', at: 'C1 1.2' },
  });
  for (const differs of [
    { type: 'view_submission' },
    { user: {} },
    { actions: [] },
    { actions: 'tollfence_approve' },
    { actions: [{ action_id: 'other', value: 'apr_01K' }] },
    { actions: [{ action_id: 'tollfence_approve', value: '../apr' }] },
    { actions: [{ action_id: 'tollfence_approve' }] },
  ])
    assert.equal(press(differs), null);
  for (const payload of [null, 'x', 7, []]) assert.equal(pressOf(payload), null);
});
