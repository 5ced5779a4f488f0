import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Code, Refusal, refusalRow } from '../../src/errors.js';
import { problemAnswer } from '../../src/http/problem.js';

const codes: readonly Code[] = [
  'unauthenticated',
  'malformed_request',
  'authority_mismatch',
  'denied',
  'killed',
  'approval_pending',
  'approval_refused',
  'approval_timeout',
  'rate_limited',
  'budget_exceeded',
  'credential_unavailable',
  'destination_prohibited',
  'upstream_dns',
  'upstream_unreachable',
  'upstream_tls',
  'upstream_reset',
  'upstream_protocol',
  'upstream_timeout',
  'log_unavailable',
  'vault_locked',
  'policy_unavailable',
  'overloaded',
  'proxy_error',
];
const context = { gateway: 'agent', meaning: null, rule: 'perm_1', evidence: 'ev_1', pendingStatus: 503, agent: '' };

test('every refusal is one valid answer: a JSON document of the length it says, in header fields that can be sent', () => {
  fc.assert(
    fc.property(fc.constantFrom(...codes), fc.string({ unit: 'binary' }), (code, detail) => {
      const { status, fields, body } = problemAnswer(new Refusal(code, detail), context);
      const document = JSON.parse(body.toString()) as Record<string, unknown>;
      assert.equal(document.detail, detail);
      assert.equal(document.status, status);
      const get = (name: string): string | undefined => fields.find(([field]) => field === name)?.[1];
      assert.equal(get('Content-Length'), String(body.length));
      assert.equal(get('Content-Type'), 'application/problem+json; charset=utf-8');
      assert.match(get('Tf-Decision')!, /^(deny|pending|error)$/);
      for (const [name, text] of fields)
        assert.match(`${name}: ${text}`, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\x20-\x7e]*$/);
    }),
    { numRuns: 500 },
  );
});

test('only what may be tried again says so, and the rest tells the SDKs not to', () => {
  for (const code of codes) {
    const { fields, body } = problemAnswer(new Refusal(code, 'why'), context);
    const names = fields.map(([name]) => name);
    const { retryable } = JSON.parse(body.toString()) as { retryable: boolean };
    assert.equal(retryable, refusalRow(code).retryable);
    assert.equal(names.includes('X-Should-Retry'), !retryable);
  }
});

test('the status of a pending approval is the configured one', () => {
  assert.equal(problemAnswer(new Refusal('approval_pending', 'waits'), { ...context, pendingStatus: 409 }).status, 409);
});
