import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needles, parseScheme, signWebhook, valueFault } from '../../src/credentials/index.js';
import type { CanonicalRequest, Field } from '../../src/model.js';

const request = (...fields: Field[]): CanonicalRequest => ({
  ...{ scheme: 'https', host: 'hooks.example.com', port: 443, method: 'POST', path: '/', query: '', upgrade: null },
  ...{ fields, body: { state: 'complete', bytes: 20 }, content: null },
});
// The reference vector of Standard Webhooks.
const secret = (): Buffer => Buffer.from('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
const id: Field = ['webhook-id', 'msg_p5jXN8AQM9LWM0D4loKWxJek'];
const body = Buffer.from('{"test": 2432232314}');
const now = 1_614_265_330_000;

test('a webhook is signed as in the reference vector of Standard Webhooks', () => {
  const { request: signed, replaced } = signWebhook(request(id), secret(), body, now);
  assert.deepEqual(signed.fields, [
    id,
    ['webhook-timestamp', '1614265330'],
    ['webhook-signature', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
  ]);
  assert.equal(replaced, false);
});

test('time and signature that a sender brings along are replaced, however they are spelled', () => {
  const own = request(id, ['Webhook-Timestamp', '9999999999'], ['WEBHOOK_SIGNATURE', 'v1,mine']);
  const { request: signed, replaced } = signWebhook(own, secret(), body, now);
  assert.deepEqual(signed.fields, signWebhook(request(id), secret(), body, now).request.fields);
  assert.equal(replaced, true);
});

test('a webhook without an id, with two, with a full stop in it, or with a body that streams, is not signed', () => {
  const refused = (fields: Field[], payload: Buffer | 'stream' = body): void =>
    assert.throws(() => signWebhook(request(...fields), secret(), payload, now), { code: 'credential_unavailable' });
  refused([]);
  refused([id, id]);
  refused([['webhook-id', 'a.1614265330']]);
  refused([['webhook-id', 'a b']]);
  refused([id], 'stream');
});

test('a secret for webhooks is whsec_ and the base64 of 24 to 64 bytes, and is looked for in every form', () => {
  assert.equal(parseScheme('webhook'), 'webhook');
  const fault = (text: string): string | null => valueFault('webhook', Buffer.from(text));
  const of = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
  assert.deepEqual([fault(of(24)), fault(of(64))], [null, null]);
  for (const wrong of [of(23), of(65), of(32).slice(6), of(32).replace(/=*$/, ''), 'whsec_%%%'])
    assert.match(fault(wrong)!, /whsec_/);
  const found = needles(secret(), 'webhook').map(String);
  const key = Buffer.from(secret().toString().slice(6), 'base64');
  for (const form of [secret().toString(), secret().toString().slice(6), key.toString('hex')])
    assert.ok(found.includes(form), form);
});
