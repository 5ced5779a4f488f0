/** The log as a worker has it: what it prints is what the log itself would have written, whatever an agent puts into it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openRemoteLog, type Printed } from '../../src/log/index.js';
import type { Draft } from '../../src/model.js';
import { spend } from '../../src/permit.js';
import { allowed, decision, place } from './world.js';

const nothing = (): never => {
  throw new Error('There is no permit.');
};

test('an entry that a worker prints is, byte for byte, the one that the log would have written', async context => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"id":"ev_0"', '","seq":0', 'ev_00000000000000000000000000', '\\"seq\\":1', '\n'),
  );
  const value = fc.letrec(tie => ({
    any: fc.oneof(
      texts,
      fc.integer(),
      fc.dictionary(fc.constantFrom('id', 'seq', 'prev', 'x'), tie('any'), { maxKeys: 3 }),
    ),
  })).any;
  const now = (): number => 1_795_000_000_000;
  const at = place(context);
  const log = await at.open('full', now);
  const drafts: Draft[] = fc
    .sample(fc.record({ parameters: value, resource: value, request: value }), 60)
    .map(({ parameters, resource, request }) =>
      decision(1, { action: { name: 'http.get', parameters }, resource, request }),
    );
  const printed: Printed[] = [];
  const remote = openRemoteLog({
    now,
    open: nothing,
    random: randomBytes,
    parent: {
      record: async entry => {
        printed.push(entry);
        return { id: 'ev_', seq: 0 };
      },
      note: () => {},
    },
  });
  const good: Draft[] = [];
  for (const draft of drafts) {
    // Lone surrogates are refused by both.
    const recorded = await remote.record(draft).catch(() => null);
    if (recorded !== null) good.push(draft);
    else await assert.rejects(log.record(draft));
  }
  assert.ok(good.length > 20);
  await Promise.all(printed.map(entry => log.take(entry)));
  await Promise.all(good.map(draft => log.record(draft)));
  await log.close();
  assert.ok(at.verify().ok);
  const strip = (text: string): string =>
    text
      .replace(/"id":"ev_[0-9A-Z]{26}","prev":"[0-9a-f]{64}"/, '"id":"","prev":""')
      .replace(/"seq":\d+,"subject"/, '"seq":0,"subject"');
  const written = at.texts().slice(1).map(strip);
  assert.deepEqual(written.slice(0, good.length), written.slice(good.length));
});

test('a worker gets a permit only for what the parent has recorded, and a refusal as it is', async () => {
  const refusing = openRemoteLog({
    now: Date.now,
    open: nothing,
    random: randomBytes,
    parent: { record: () => Promise.reject(new Error('not recorded')), note: () => {} },
  });
  await assert.rejects(refusing.allow(decision(1), allowed), /not recorded/);
  const given = { evidence: 'ev_1', ...allowed };
  const remote = openRemoteLog({
    now: Date.now,
    open: packet => (packet === 'packet' ? { allowed: given, issued: Date.now() } : nothing()),
    random: randomBytes,
    parent: { record: async () => ({ id: 'ev_1', seq: 7, packet: 'packet' }), note: () => {} },
  });
  const { recorded, permit } = await remote.allow(decision(1), allowed);
  assert.equal(recorded.id, 'ev_1');
  assert.equal(remote.packetOf(permit), 'packet');
  assert.equal(spend(permit, 'upstream', 'ab', Date.now()).evidence, 'ev_1');
});
