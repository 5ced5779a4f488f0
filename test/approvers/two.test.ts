/** Two people: one signs with his key, one answers by link, and only both together let a request through; with workers too. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { curl, openPlace, type Place } from './place.js';

let place: Place;

before(async () => {
  place = await openPlace(['--approvers', '2'], '127.0.0.1:0', 'workers: 2\n');
  for (const name of ['alice', 'bob']) await place.approver(name);
});
after(() => place?.close());

test('with a key and with a link two people approve one request, and neither of them alone', async () => {
  const { world, post, reached } = place;
  const id = await place.pending('/both');
  const url = await place.link(id, 'bob');
  const unused = await place.link(id, 'alice');
  assert.match(await world.ok(['approvals', 'approve', id, '--as', 'alice']), /is pending \(1 of 2\)/);
  assert.equal((await post('/both')).status, 503);
  // The same person by another way is no other person.
  const again = await world.tf(['approvals', 'approve', id, '--as', 'alice']);
  assert.equal(again.code, 3);
  assert.match(again.stderr, /takes another person/);
  assert.equal((await world.tf(['approver', 'link', id, 'alice'])).code, 3);
  assert.equal((await curl(['-d', 'verdict=granted', unused])).status, 409);
  assert.equal((await post('/both')).status, 503);
  const { status, body } = await curl([url]);
  assert.equal(status, 200);
  assert.match(body, /2 of anybody[\s\S]*by alice at/);
  assert.equal((await curl(['-d', 'verdict=granted', url])).status, 200);
  assert.equal((await post('/both')).status, 200);
  assert.equal(reached('/both'), 1);
  const yes = (await entries(world)).filter(({ type, approval }) => type === 'approval.granted' && approval === id);
  assert.deepEqual(
    yes.map(({ approver, via }) => [approver, via]),
    [
      ['alice', 'cli'],
      ['bob', 'link'],
    ],
  );
  assert.match(await world.ok(['audit', 'verify']), /1 signed by approvers, 1 by the proxy for an approver/);
});

test('one yes and one no are a no', async () => {
  const id = await place.pending('/no');
  const url = await place.link(id, 'bob');
  await place.world.ok(['approvals', 'approve', id, '--as', 'alice']);
  assert.equal((await curl(['-d', 'verdict=refused&reason=too+much', url])).status, 200);
  const { status, body } = await place.post('/no');
  assert.equal(status, 403);
  assert.match(body, /refused by bob: too much/);
  assert.equal(place.reached('/no'), 0);
});
