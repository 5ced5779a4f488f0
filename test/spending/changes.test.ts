import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { confirmed } from '../../bin/proxy/confirm.js';
import { openSpending } from '../../bin/proxy/spending.js';
import { Refusal } from '../../src/errors.js';
import { type Outcome, openTrace } from '../../src/gateway.js';
import type { Classified, Decision } from '../../src/model.js';
import { contextAt } from '../../src/policy/question.js';
import { type Amounts, openPrices } from '../../src/spending/index.js';

const dir = mkdtempSync(join(tmpdir(), 'tf-changes-'));
after(() => rmSync(dir, { recursive: true }));

const decision: Decision = {
  ...{ effect: 'allow', rule: 'perm_1', reason: '', secret: null, policy_sha256: 'before' },
  limits: ['perm_1'],
};

test('what has lost its price on the way counts as it was set aside', async () => {
  const path = join(dir, 'prices.yaml');
  const known = 'models:\n  ours: {input: 10, output: 10, context: 1000}\n';
  const outcome: Outcome = {
    ...{ status: 200, error: null, bytesSent: 1, bytesReceived: 1, responseSha256: null, scrubbed: 0 },
  };
  for (const later of ['models: {}\n', 'models: [\n', known]) {
    writeFileSync(path, known);
    const prices = openPrices(path);
    const settled: (Amounts | null)[] = [];
    const ledger = {
      reserve: () => 1,
      settle: (_: number, spent: Amounts | null) => void settled.push(spent),
      release() {},
    };
    const cost = { model: 'ours', input: 300, output: 200, choices: 1, fees: false, strange: [] };
    const meaning = { action: { name: 'openai.chat.create', access: 'write' }, cost, typed: true };
    const reserved = await openSpending({ ledger, prices })(decision, meaning as unknown as Classified);
    reserved!.watcher!.begin(200, 'application/json');
    reserved!.watcher!.data(Buffer.from('{"usage":{"prompt_tokens":20,"completion_tokens":10}}'));
    reserved!.watcher!.end();
    writeFileSync(path, later);
    reserved!.settle(outcome, true);
    assert.deepEqual(settled, [{ tokens: 30, usd: later === known ? 300 : 5000 }], later);
  }
});

test('an approval does not outlive the limits that its request was counted by', async () => {
  const trace = { ...openTrace(null), decision, question: { grant: null, context: contextAt(0, {}) } as never };
  const grants = { live: () => true };
  const answer = (next: Partial<Decision>): Promise<string> =>
    confirmed({ policy: { decide: () => ({ ...decision, ...next }) }, grants }, trace).then(
      () => 'confirmed',
      (error: unknown) => (error as Refusal).message,
    );
  assert.equal(await answer({}), 'confirmed');
  assert.match(await answer({ limits: ['perm_1', 'perm_2'] }), /limits .* were changed/);
  assert.match(await answer({ limits: ['perm_2'] }), /limits .* were changed/);
  const { limits: _, ...without } = decision;
  const decide = (): Decision => without;
  await assert.rejects(confirmed({ policy: { decide }, grants }, trace), Refusal);
});
