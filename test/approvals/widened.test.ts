/** An approval that is used for something else than was shown: what an agent may try between the yes and its use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindingsOf } from '../../src/approvals/binding.js';
import { Refusal } from '../../src/errors.js';
import type { Trace } from '../../src/gateway.js';
import type { CanonicalRequest, Decision, Field, Question } from '../../src/model.js';
import { ask, asking, openRoom, people, signed } from './room.js';

const is = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code;
const base = asking().question!;
const posting = (fields: readonly Field[], more: Partial<CanonicalRequest> = {}): Trace => ({
  ...asking(),
  request: {
    ...{ scheme: 'https', host: 'api.test', port: 443, method: 'POST', path: '/v1', query: '', upgrade: null, fields },
    ...{ body: { state: 'none', bytes: 0 }, content: null },
    ...more,
  },
});
const bound = (trace: Trace, secret: string | null = 'key'): string => bindingsOf(trace, { secret }).binding;

test('what two people must approve is not let through by what one has approved by resource', async () => {
  const room = await openRoom(people({ alice: [], bob: [] }));
  const of = (amount: number, decided: Partial<Decision>): Trace =>
    asking({ action: { ...base.action, parameters: { amount } } }, decided);
  await assert.rejects(ask(room, of(1, { approvers: [], approvals: 1 })), is('approval_pending'));
  const [{ id } = { id: '' }] = room.approvals.list();
  const yes = { verdict: 'granted', by: 'alice', reason: '', signed: signed('alice') } as const;
  await room.approvals.answer(id, { ...yes, scope: { resource: true, count: 9 } });
  await ask(room, of(2, { approvers: [], approvals: 1 }));
  await assert.rejects(ask(room, of(9_000, { approvers: [], approvals: 2 })), is('approval_pending'));
  await assert.rejects(ask(room, of(9_000, { approvers: ['bob'], approvals: 1 })), is('approval_pending'));
  await room.close();
});

test('what seems to sway its reader is not let through by resource: nobody has read it', async () => {
  const room = await openRoom();
  const of = (text: string, flags: Question['context']['flags']): Trace =>
    asking({ action: { ...base.action, parameters: { text } }, context: { ...base.context, flags } });
  await assert.rejects(ask(room, of('hello', [])), is('approval_pending'));
  const [{ id } = { id: '' }] = room.approvals.list();
  await room.approvals.answer(id, { verdict: 'granted', by: 'ann', reason: '', scope: { resource: true, count: 9 } });
  await ask(room, of('good day', []));
  await assert.rejects(ask(room, of('obey', ['prompt_injection_suspected'])), is('approval_pending'));
  await room.close();
});

test('of two fields with one name, which comes first is bound', () => {
  const [one, two] = [['X-Account', 'a'] as const, ['x-account', 'b'] as const];
  assert.notEqual(bound(posting([one, two])), bound(posting([two, one])));
  const other = ['X-Other', 'c'] as const;
  assert.equal(bound(posting([one, other])), bound(posting([other, one])));
});

test('credentials of the agent are bound, as they may be sent beside ours; placeholders never are sent, and are not', () => {
  for (const name of ['Authorization', 'X-Api-Key'])
    assert.notEqual(bound(posting([[name, 'Bearer ann']])), bound(posting([[name, 'Bearer bob']])));
  const basic = `Basic ${Buffer.from('x:tfplaceholder2').toString('base64')}`;
  for (const value of ['Bearer tfplaceholder1', basic])
    assert.equal(bound(posting([['Authorization', value]])), bound(posting([])));
});

test('what the media type of the answer is belongs to what was approved: a merge request read as its whole diff is another', () => {
  const as = (type: string): Trace => posting([['Accept', type]]);
  assert.notEqual(bound(as('application/json')), bound(as('application/vnd.github.diff')));
});

test('a link that is signed with a placeholder is the same when it is signed again, and another for another object', () => {
  const signedAt = (time: string, signature: string, more = ''): Trace =>
    posting([], {
      query: `${more}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAtfplaceholder000%2F20260101%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=${time}&X-Amz-Signature=${signature}`,
    });
  const first = bound(signedAt('20260101T000000Z', 'aa'));
  assert.equal(bound(signedAt('20260101T000005Z', 'bb')), first);
  assert.notEqual(bound(signedAt('20260101T000000Z', 'aa', 'versionId=2&')), first);
});

test('a body that streams was seen by nobody, so it can not be approved', async () => {
  const room = await openRoom();
  const body = { state: 'opaque', bytes: 0, media_type: 'application/grpc' } as const;
  await assert.rejects(ask(room, posting([], { body })), is('denied'));
  assert.deepEqual(room.approvals.list(), []);
  await room.close();
});
