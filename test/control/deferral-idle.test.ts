import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, deferred, openPlace } from '../deferrals/place.js';
import { until } from '../faults/waiting.js';
import { startAgent } from '../http/agent.js';

test('the background proxy does not end by itself while something is deferred, and ends once it is done', async () => {
  const world = await openPlace('4s', { config: 'idle: 3s' });
  try {
    const agent = await startAgent(world, 'agent');
    await deferred(agent, '/idle');
    await agent.end();
    // Nothing but the proxy itself is left to do it: a command would start another one.
    await until(() => at(world, '/idle').length === 1);
    await until(async () => (await world.tf(['status'])).code === 5);
    assert.equal(at(world, '/idle').length, 1);
  } finally {
    await world.close();
  }
});
