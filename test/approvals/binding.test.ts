/** What an approval is for: everything that a request does, who asks and under what; and nothing that only a retry changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bindingsOf } from '../../src/approvals/binding.js';
import type { Trace } from '../../src/gateway.js';
import type { CanonicalRequest, Question } from '../../src/model.js';
import { asking } from './room.js';

const request: CanonicalRequest = {
  ...{ scheme: 'https', host: 'api.test', port: 443, method: 'POST', path: '/v1/pay', query: 'a=1', upgrade: null },
  ...{
    fields: [['Content-Type', 'application/json']],
    body: { state: 'complete', bytes: 2, sha256: 'ab' },
    content: null,
  },
};
const base = asking().question!;
const trace = (more: Partial<CanonicalRequest> = {}, question: Partial<Question> = {}, policy = 'a'): Trace => ({
  ...asking(question, { policy_sha256: policy }),
  request: { ...request, ...more },
});
const of = (one: Trace, secret: string | null = null) => bindingsOf(one, { secret });

test('whatever decides what a request does, or for whom, is bound', () => {
  const subject = base.subject;
  const others: readonly Trace[] = [
    trace({ method: 'PUT' }),
    trace({ scheme: 'http' }),
    trace({ host: 'api2.test' }),
    trace({ port: 8443 }),
    trace({ path: '/v1/pays' }),
    trace({ query: 'a=2' }),
    trace({ body: { state: 'complete', bytes: 2, sha256: 'ac' } }),
    trace({ fields: [...request.fields, ['Stripe-Account', 'acct_2']] }),
    trace({}, { action: { ...base.action, name: 'gateway.other' } }),
    trace({}, { action: { ...base.action, parameters: { depth: 2 } } }),
    trace({}, { resource: { type: 'gateway', id: 'other' } }),
    trace({}, { also: [{ action: base.action, resource: base.resource }] }),
    trace({}, { grant: { id: 'gr_1', task: 't', expires_at: '' } }),
    trace({}, { subject: { ...subject, id: 'other' } }),
    trace({}, { subject: { ...subject, chain: ['parent', 'agent'] } }),
    trace({}, { subject: { ...subject, user: { sub: 'bob' } } }),
    trace({}, { subject: { ...subject, user: { sub: 'ann', issuer: 'https://id.test' } } }),
    trace({}, {}, 'b'),
    { ...trace(), request: null },
  ];
  const all = [...others.map(one => of(one).binding), of(trace()).binding, of(trace(), 'stripe').binding];
  assert.equal(new Set(all).size, all.length);
});

test('what a client changes when it tries again is not bound, nor is the run that it tries again from', () => {
  const name = fc.constantFrom(
    'User-Agent',
    'X-Stainless-Retry-Count',
    'Idempotency-Key',
    'X-Request-Id',
    'traceparent',
    'Date',
  );
  const { subject } = base;
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string())), fc.string(), (fields, run) => {
      const again = trace({ fields: [...fields, ...request.fields] }, { subject: { ...subject, run, runs: [run] } });
      assert.deepEqual(of(again), of(trace()));
    }),
  );
});

test('by resource, the same things at the same place are one, in whatever order, and no part is left out', () => {
  const part = (id: string) => ({ action: base.action, resource: { type: 'gateway', id } });
  const as = (first: string, ...more: string[]) =>
    of(trace({}, { ...part(first), ...(more.length > 0 && { also: more.map(part) }) })).resource_binding;
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 4 }), ids => {
      const [first, ...more] = ids;
      assert.equal(as(first!, ...more), as(more[0]!, first!, ...more.slice(1)));
      assert.notEqual(as(first!, ...more), as(first!, ...more.slice(1)));
    }),
  );
  const loose = trace({ method: 'PUT', path: '/other', body: { state: 'none', bytes: 0 } });
  assert.equal(of(loose).resource_binding, of(trace()).resource_binding);
  assert.notEqual(of(trace({ host: 'b.test' })).resource_binding, of(trace()).resource_binding);
});
