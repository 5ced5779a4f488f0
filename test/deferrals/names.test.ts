import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, startChild, twoGateways } from '../control/family.js';
import { until } from '../faults/waiting.js';
import { openWorld } from '../world.js';
import { at, deferred, ended } from './place.js';

test('what a child deferred is not executed for another gateway that has the name of its parent by then', async () => {
  const world = await openWorld({ config: 'defer: {window: 8s}\ngateways: {purge_after: 1s}' });
  try {
    await twoGateways(world);
    for (const gateway of ['parent', 'child'])
      await world.ok(['permissions', 'set', '--gateway', gateway, '--action', 'http.delete', '--effect', 'defer']);
    const child = await startChild(world);
    const id = await deferred(child, '/gone');
    await world.ok(['gateway', 'remove', 'parent']);
    await until(async () => (await world.tf(['gateway', 'show', 'parent'])).code === 4);
    await world.ok(['gateway', 'create', 'parent']);
    await allow(world, 'parent', 'http.*');
    const { state, cancelled } = await ended(world, id);
    assert.equal(state, 'cancelled');
    assert.match(cancelled!.reason, /The gateway parent was removed/);
    assert.deepEqual(at(world, '/gone'), []);
  } finally {
    await world.close();
  }
});
