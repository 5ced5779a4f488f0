import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { House } from '../../src/control/house.js';
import { openPurges } from '../../src/control/offboarding.js';
import type { Draft, Gateway } from '../../src/model.js';
import { until } from '../faults/waiting.js';

test('a purge that fails is begun again until all of it is done, and the log has it once', async () => {
  let gateways: Gateway[] = [
    {
      ...{ name: 'agent', description: '', environment: '', labels: {}, created_at: '2026-11-20T12:00:00.000Z' },
      removed_at: '2026-11-20T12:00:00.000Z',
    },
  ];
  const drafts: Draft[] = [];
  const faults: unknown[] = [];
  const none = { list: () => [], forget: () => [], stop() {} };
  // All that a purge asks of the house.
  const house = {
    config: { gateways: { purge_after: 1_000 } },
    now: () => Date.UTC(2026, 10, 20, 13),
    gateways: {
      list: () => gateways,
      permissions: () => [],
      purge() {
        gateways = [];
      },
    },
    log: { healthy: true, record: async (draft: Draft) => drafts.push(draft) },
    vault: {
      ...{ locked: false, id: '', generation: 1 },
      list: () => [{ name: 'token', gateways: ['agent'] }],
      remove() {
        if (faults.length < 2) throw new Error('The vault is busy.');
      },
    },
    ...{ grants: none, keys: none, deferrals: none, approvals: none, freezes: none, ledger: none, state: { set() {} } },
    async changed() {},
    async refreshPolicy() {},
  } as unknown as House;
  const purges = openPurges(house, error => faults.push(error));
  await until(() => gateways.length === 0);
  await purges.close();
  assert.equal(faults.length, 2);
  assert.deepEqual(
    drafts.map(({ type }) => type),
    ['gateway.purged'],
  );
});
