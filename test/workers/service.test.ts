/** What the parent keeps of a worker that is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Service } from '../../bin/workers/service.js';
import type { Printed } from '../../src/log/index.js';
import { openRemoteLog } from '../../src/log/index.js';
import { decision, place } from '../log/world.js';

test('a decision that reached the disk only after its worker was lost is completed all the same', async t => {
  const home = place(t);
  const log = await home.open();
  const service = new Service({ log } as ConstructorParameters<typeof Service>[0], {
    taken: () => {},
    closed: () => {},
  });
  const printed: Printed[] = [];
  const worker = openRemoteLog({
    now: Date.now,
    open: () => assert.fail('nothing is allowed'),
    random: size => new Uint8Array(size).fill(7),
    parent: {
      async record(entry) {
        printed.push(entry);
        return { id: '', seq: 0 };
      },
      note: () => {},
    },
  });
  for (const n of [1, 2]) await worker.record(decision(n));
  const opens = { run: 'run_1', gateway: 'agent' };
  const answers = printed.map(entry => service.ask('record', { entry, opens, allowed: null, completes: null }));
  // All that the worker had said was heard, and the disk has yet to answer.
  await service.lost();
  await log.close();
  const ids = (await Promise.all(answers)).map(answer => (answer as { id: string }).id);
  const all = home.texts().map(text => JSON.parse(text) as Record<string, unknown>);
  const completed = all.filter(({ type }) => type === 'action.completed');
  assert.deepEqual(
    completed.map(({ decided, error, gateway }) => ({ decided, error, gateway })),
    ids.map(decided => ({ decided, error: 'proxy_error', gateway: 'agent' })),
  );
});
