import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWorld } from '../world.js';

test('a command whose proxy ends in the moment in which it is found gets the next one', async () => {
  const world = await openWorld();
  try {
    // It answers who looks for it, and is no more when it is called.
    const ending = createServer(socket => {
      socket.destroy();
      ending.close();
    });
    await new Promise<void>(resolve => ending.listen(join(world.home, 'control.sock'), resolve));
    assert.deepEqual(JSON.parse(await world.ok(['gateway', 'list', '--json'])), []);
  } finally {
    await world.close();
  }
});
