import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { endOf } from '../../src/identity/bearers.js';
import { Replica } from '../../src/identity/replica.js';
import { issue, open, start } from './house.js';

test('a grant in a run is under those of the run: it ends no later than they do, and with each of them', () => {
  const house = open();
  const run = start(house);
  const above = issue(house, { caller: run, whole: true, ttl: 30_000 });
  assert.equal(above.token, '');
  assert.deepEqual(
    run.grants.map(({ id }) => id),
    [above.grant.id],
  );
  const below = issue(house, { caller: run, ttl: 3_600_000, actions: ['*'] });
  assert.equal(below.grant.parent, above.grant.id);
  assert.ok(below.grant.expires_at <= above.grant.expires_at);
  const bearer = house.runs.byToken(below.token)!;
  assert.equal(bearer.subject, run.subject);
  assert.deepEqual(
    bearer.grants.map(({ id }) => id),
    [above.grant.id, below.grant.id],
  );
  const third = issue(house, { caller: bearer });
  assert.deepEqual(
    house.grants.revoke(below.grant.id).map(({ id }) => id),
    [below.grant.id, third.grant.id],
  );
  assert.ok(house.runs.byToken(third.token)!.ended);
  assert.ok(!run.ended);
  house.grants.revoke(above.grant.id);
  assert.match(endOf(run, house.clock.now)!, /was revoked/);
  house.close();
});

test('the end of a run ends its grants, and a grant that is its own run is found until it ends', () => {
  const house = open();
  const run = start(house);
  const within = issue(house, { caller: run });
  const alone = issue(house);
  assert.equal(house.runs.find(alone.grant.acts_in)?.subject.run, alone.grant.acts_in);
  assert.ok(!house.runs.list().some(({ stored }) => stored.id === alone.grant.acts_in));
  house.runs.end(run.stored.id);
  assert.match(endOf(house.runs.byToken(within.token)!, house.clock.now)!, /ended with its run/);
  assert.ok(house.grants.live(alone.grant.id) && !house.grants.live(within.grant.id));
  house.grants.revoke(alone.grant.id);
  assert.equal(house.runs.find(alone.grant.acts_in), undefined);
  house.close();
});

test('after a restart live grants live, ended ones stay ended, and those whose time was over are told of once', () => {
  let house = open();
  const run = start(house);
  const whole = issue(house, { caller: run, whole: true });
  const live = issue(house);
  const revoked = issue(house);
  const short = issue(house, { ttl: 1_000 });
  const sub = issue(house, { caller: house.runs.byToken(live.token)! });
  house.grants.revoke(revoked.grant.id);
  house = house.again();
  assert.ok(house.grants.live(live.grant.id) && house.grants.live(sub.grant.id));
  assert.equal(house.runs.byToken(sub.token)!.subject.run, live.grant.acts_in);
  assert.deepEqual(
    house.runs.find(run.stored.id)!.grants.map(({ id }) => id),
    [whole.grant.id],
  );
  assert.match(endOf(house.runs.byToken(revoked.token)!, house.clock.now)!, /was revoked/);
  house.clock.now += 1_000;
  house = house.again();
  const told: string[] = [];
  house.grants.watch(ended => told.push(...ended.map(({ id }) => id)));
  assert.deepEqual(told, [short.grant.id]);
  house.grants.watch(ended => told.push(...ended.map(({ id }) => id)));
  assert.deepEqual(told, [short.grant.id]);
  assert.match(endOf(house.runs.byToken(short.token)!, house.clock.now)!, /has expired/);
  // A day later nobody remembers them.
  house.clock.now += 86_400_000;
  house.grants.watch(() => {});
  house.clock.now += 86_400_000;
  house.grants.watch(() => {});
  assert.deepEqual(
    house.grants.list().map(({ id }) => id),
    [whole.grant.id],
  );
  assert.equal(house.runs.byToken(live.token), undefined);
  house.close();
});

test('the timer ends what is over, and whoever looks at the clock before it does sees the same', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const house = open();
  const ended: string[] = [];
  house.grants.watch(all => ended.push(...all.map(({ id }) => id)));
  const first = issue(house, { ttl: 5_000 });
  const second = issue(house, { ttl: 9_000 });
  const bearer = house.runs.byToken(first.token)!;
  house.clock.now += 5_000;
  assert.match(endOf(bearer, house.clock.now)!, /has expired/);
  assert.ok(!house.grants.live(first.grant.id));
  assert.deepEqual(ended, []);
  mock.timers.tick(5_000);
  assert.deepEqual(ended, [first.grant.id]);
  assert.ok(bearer.ended);
  house.clock.now += 4_000;
  mock.timers.tick(4_000);
  assert.deepEqual(ended, [first.grant.id, second.grant.id]);
  house.close();
  mock.timers.reset();
});

test('a copy in another process knows what the grants of this one say, and hears of their end', () => {
  const house = open();
  const run = start(house);
  const whole = issue(house, { caller: run, whole: true });
  const within = issue(house, { caller: run });
  const alone = issue(house);
  const replica = new Replica();
  const take = (): void =>
    replica.take({
      runs: house.runs.list().map(({ stored }) => stored),
      gateways: house.gateways.list(),
      ...{ permissions: [], kills: [], keys: [], internals: [], freezes: [], grants: house.grants.stored() },
    });
  take();
  const theirs = replica.runs.find(run.stored.id)!;
  assert.deepEqual(
    theirs.grants.map(({ id }) => id),
    [whole.grant.id],
  );
  const bearer = replica.runs.byToken(within.token)!;
  assert.deepEqual(
    bearer.grants.map(({ id }) => id),
    [whole.grant.id, within.grant.id],
  );
  assert.equal(replica.runs.find(alone.grant.acts_in), replica.runs.byToken(alone.token));
  take();
  assert.equal(replica.runs.byToken(within.token), bearer);
  house.grants.revoke(whole.grant.id);
  take();
  assert.ok(bearer.ended && theirs.ended && !replica.grants.live(within.grant.id));
  house.grants.forget('agent');
  const other = replica.runs.byToken(alone.token)!;
  take();
  assert.ok(other.ended);
  assert.equal(replica.runs.byToken(alone.token), undefined);
  house.close();
});

test('a token of a gateway that was made anew under its name is nobody’s', () => {
  let house = open();
  const { token } = issue(house);
  house.gateways.purge('agent');
  assert.equal(house.runs.byToken(token), undefined);
  house.clock.now += 1;
  house.gateways.create({ name: 'agent' }, house.clock.now);
  house = house.again();
  assert.equal(house.runs.byToken(token), undefined);
  house.close();
});
