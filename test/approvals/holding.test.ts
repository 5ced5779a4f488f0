/** Holding: for as long as was asked for, and no shorter because that is very long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Waiters } from '../../src/approvals/waiters.js';
import { Flight } from '../../src/http/flights.js';

test('a request that may be held for longer than a timer can count is held', async () => {
  const flight = new Flight(
    'exchange',
    () => {},
    () => {},
  );
  const waiters = new Waiters();
  let over = false;
  const held = waiters.hold('apr_1', flight, 2 ** 31).then(() => {
    over = true;
  });
  // A timer that can't be is one of 1 ms.
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.deepEqual([over, waiters.any('apr_1')], [false, true]);
  waiters.wake('apr_1');
  await held;
});
