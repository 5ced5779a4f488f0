import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { openState } from '../../src/identity/state.js';
import type { Permission } from '../../src/model.js';
import { type Amounts, openLedger, type SpendingStore, type Spent, type Wanted } from '../../src/spending/index.js';

const midnight = Date.UTC(2026, 10, 21);

const permission = (id: string, limits: Pick<Permission, 'rate' | 'budget'>): Permission => ({
  ...{ id, gateway: 'g', action: '*', effect: 'allow', resource: null, where: null, reason: '', created_at: '' },
  ...limits,
});

function memory(): SpendingStore & { readonly kept: Map<string, Spent> } {
  const kept = new Map<string, Spent>();
  return {
    kept,
    all: () => [...kept.values()],
    put: (key, value) => void kept.set(key, value),
    remove: key => kept.delete(key),
  };
}

/** A ledger at a clock that tests set. */
function open(permissions: readonly Permission[], store = memory()) {
  const clock = { now: midnight - 1000 };
  const find = (id: string): Permission | undefined => permissions.find(each => each.id === id);
  return { ...{ clock, store }, ledger: openLedger({ store, permission: find, now: () => clock.now }) };
}

const wanted = (amounts: Amounts = {}, ...limits: string[]): Wanted => ({
  limits: limits.length === 0 ? ['p'] : limits,
  amounts,
  unknown: {},
});

/** The code of the refusal, or null. */
function refused(work: () => unknown): Refusal | null {
  try {
    work();
    return null;
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error;
  }
}

test('a limit that is used up is renewed at the end of its window, and Retry-After says when', () => {
  const { ledger, clock } = open([permission('p', { rate: ['2/day'], budget: ['usd 1/day'] })]);
  ledger.reserve(wanted({ usd: 600_000 }));
  assert.deepEqual(
    [refused(() => ledger.reserve(wanted({ usd: 500_000 })))].map(each => [
      each?.code,
      each?.extra.retryAfter,
      each?.extra.rule,
    ]),
    [['budget_exceeded', 1, 'p']],
  );
  ledger.reserve(wanted());
  assert.equal(refused(() => ledger.reserve(wanted()))?.code, 'rate_limited');
  clock.now = midnight - 1;
  assert.equal(refused(() => ledger.reserve(wanted()))?.extra.retryAfter, 1);
  clock.now = midnight;
  ledger.reserve(wanted({ usd: 1_000_000 }));
});

test('a clock that goes back opens no window again, and one that was set ahead gives none away', () => {
  const { ledger, clock } = open([permission('p', { rate: ['1/day'] })]);
  clock.now = midnight;
  ledger.reserve(wanted());
  clock.now = midnight - 1;
  assert.equal(refused(() => ledger.reserve(wanted()))?.code, 'rate_limited');
  clock.now = midnight - 10 * 86_400_000;
  assert.equal(refused(() => ledger.reserve(wanted()))?.code, 'rate_limited');
  clock.now = midnight + 1;
  assert.equal(refused(() => ledger.reserve(wanted()))?.code, 'rate_limited');
});

test('of several limits all count or none', () => {
  const permissions = [
    permission('p', { rate: ['5/day', '3/min'] }),
    permission('q', { rate: ['1/day'], budget: ['usd 1/day'] }),
  ];
  const { ledger } = open(permissions);
  ledger.reserve(wanted({}, 'p', 'q'));
  for (let n = 0; n < 3; n++) assert.equal(refused(() => ledger.reserve(wanted({}, 'p', 'q')))?.extra.rule, 'q');
  assert.deepEqual(
    ledger.state(permissions[0]!).map(({ left }) => left),
    ['4', '2'],
  );
});

test('a rate counts each thing that a request does, a budget what all of it spends', () => {
  const { ledger } = open([permission('p', { rate: ['10/min'], budget: ['usd 1/day'] })]);
  const many = (times: number): Wanted => wanted({ usd: 100_000 }, ...Array<string>(times).fill('p'));
  const first = ledger.reserve(many(6));
  assert.equal(refused(() => ledger.reserve(many(5)))?.code, 'rate_limited');
  assert.match(String(refused(() => ledger.reserve(many(5)))), /has 4 left, and this request does 5 things/);
  assert.equal(refused(() => ledger.reserve(many(11)))?.code, 'denied');
  ledger.reserve(many(4));
  const used = (): readonly string[] =>
    ledger.state(permission('p', { rate: ['10/min'], budget: ['usd 1/day'] })).map(limit => limit.used);
  assert.deepEqual(used(), ['10', '0.20']);
  ledger.release(first);
  assert.deepEqual(used(), ['4', '0.10']);
});

test('a rate by the hour or the day counts on after a new start, one by the minute begins anew', () => {
  const rated = permission('p', { rate: ['5/min', '5/hour', '5/day'] });
  const { ledger, store } = open([rated]);
  const given = ledger.reserve(wanted());
  ledger.settle(ledger.reserve(wanted()), {});
  ledger.release(given);
  const used = open([rated], store).ledger.state(rated);
  assert.deepEqual(
    used.map(limit => [limit.limit, limit.used]),
    [
      ['5/min', '0'],
      ['5/hour', '1'],
      ['5/day', '1'],
    ],
  );
});

test('budgets in several currencies each count their own, and refuse a currency that has none', () => {
  const both = permission('p', { budget: ['usd 1/day', 'eur 1/day'] });
  const { ledger } = open([both]);
  ledger.reserve(wanted({ usd: 600_000 }));
  ledger.reserve(wanted({ eur: 700_000 }));
  assert.equal(refused(() => ledger.reserve(wanted({ usd: 500_000 })))?.code, 'budget_exceeded');
  assert.equal(refused(() => ledger.reserve(wanted({ usd: 100_000, eur: 400_000 })))?.code, 'budget_exceeded');
  assert.equal(refused(() => ledger.reserve(wanted({ usd: 1, gbp: 1 })))?.code, 'denied');
  assert.deepEqual(
    ledger.state(both).map(limit => limit.used),
    ['0.60', '0.70'],
  );
});

test('a policy that wants a request counted by a permission that there is not lets nothing through', () => {
  const { ledger } = open([permission('p', { rate: ['1/day'] })]);
  assert.match(String(refused(() => ledger.reserve(wanted({}, 'p', 'perm_99')))), /no permission perm_99/);
  assert.equal(
    refused(() => ledger.reserve(wanted())),
    null,
  );
});

test('what is given back or settled for less is free again, and only once', () => {
  const budget = permission('p', { budget: ['usd 1/day'], rate: ['9/day'] });
  const { ledger } = open([budget]);
  const left = (): readonly string[] => ledger.state(budget).map(each => each.left);
  const first = ledger.reserve(wanted({ usd: 900_000 }));
  ledger.settle(first, { usd: 400_000 });
  assert.deepEqual(left(), ['8', '0.60']);
  ledger.release(first);
  const second = ledger.reserve(wanted({ usd: 600_000 }));
  ledger.release(second);
  ledger.settle(second, { usd: 0 });
  assert.deepEqual(left(), ['8', '0.60']);
  ledger.settle(ledger.reserve(wanted({ usd: 100_000 })), null);
  assert.deepEqual(left(), ['7', '0.50']);
});

test('what is settled after midnight changes nothing of the new day', () => {
  const budget = permission('p', { budget: ['usd 1/day'] });
  const { ledger, clock } = open([budget]);
  const held = ledger.reserve(wanted({ usd: 900_000 }));
  clock.now = midnight;
  ledger.reserve(wanted({ usd: 700_000 }));
  ledger.settle(held, { usd: 0 });
  assert.equal(ledger.state(budget)[0]!.left, '0.30');
});

test('a budget is on disk before the request goes on, and counts on after a new start', () => {
  const budget = permission('p', { budget: ['usd 1/day', 'tokens 10/day'] });
  const { ledger, store } = open([budget]);
  ledger.reserve(wanted({ usd: 700_000, tokens: 4 }));
  assert.deepEqual(
    [...store.kept.values()].map(({ used }) => used),
    [700_000, 4],
  );
  const again = open([budget], store).ledger;
  assert.deepEqual(
    again.state(budget).map(({ left }) => left),
    ['0.30', '6'],
  );
  assert.equal(refused(() => again.reserve(wanted({ usd: 400_000 })))?.code, 'budget_exceeded');
  again.forget('p');
  assert.equal(store.kept.size, 0);
});

test('the state keeps what was spent over a restart, and nothing of a permission that was removed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tf-spending-'));
  try {
    const budgets = [permission('p', { budget: ['usd 1/day'] }), permission('q', { budget: ['usd 1/day'] })];
    const first = openState(join(dir, 'state.db'));
    const { ledger } = open(budgets, { ...memory(), ...first.spending });
    ledger.settle(ledger.reserve(wanted({ usd: 300_000 }, 'p', 'q')), { usd: 200_000 });
    ledger.reserve(wanted({ usd: 100_000 }));
    ledger.forget('q');
    first.close();
    const second = openState(join(dir, 'state.db'));
    const again = open(budgets, { ...memory(), ...second.spending }).ledger;
    assert.deepEqual(
      budgets.map(each => again.state(each)[0]!.used),
      ['0.30', '0.00'],
    );
    second.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('what can not be written down is not let through', () => {
  const budget = permission('p', { budget: ['usd 1/day'] });
  const store = memory();
  const { ledger } = open([budget], {
    ...store,
    put() {
      throw new Error('disk full');
    },
  });
  assert.equal(refused(() => ledger.reserve(wanted({ usd: 1 })))?.code, 'log_unavailable');
  assert.equal(ledger.state(budget)[0]!.left, '1.00');
});

test('what is unknown, in another currency, or more than all of it, is denied by a budget and not by a rate', () => {
  const { ledger } = open([
    permission('p', { budget: ['usd 1/day'] }),
    permission('t', { budget: ['tokens 10/day'] }),
    permission('r', { rate: ['9/day'] }),
  ]);
  const unknown: Wanted = { limits: ['p'], amounts: {}, unknown: { money: 'nobody knows' } };
  assert.match(refused(() => ledger.reserve(unknown))?.message ?? '', /^p has a budget in usd, and nobody knows\.$/);
  assert.match(refused(() => ledger.reserve(wanted({ eur: 1 })))?.message ?? '', /spends eur/);
  assert.equal(refused(() => ledger.reserve(wanted({ usd: 1, eur: 1 })))?.code, 'denied');
  assert.equal(refused(() => ledger.reserve(wanted({ usd: 1_000_001 })))?.code, 'denied');
  assert.equal(refused(() => ledger.reserve(wanted({}, 'gone')))?.code, 'denied');
  ledger.reserve({ ...unknown, limits: ['t'] });
  ledger.reserve({ ...unknown, limits: ['r'] });
});

test('whatever happens in whatever order, no window holds more than its limit, and what is kept is never less than what is used', () => {
  const step = fc.record({
    what: fc.constantFrom('reserve', 'settle', 'release', 'time'),
    amount: fc.integer({ min: 0, max: 60 }),
    which: fc.nat(),
    jump: fc.integer({ min: -100_000, max: 100_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), steps => {
      const budget = permission('p', { rate: ['7/min'], budget: ['tokens 100/min'] });
      const { ledger, clock, store } = open([budget]);
      const held: { id: number; amount: number }[] = [];
      for (const { what, amount, which, jump } of steps) {
        if (what === 'time') clock.now += jump;
        const one = held[which % Math.max(1, held.length)];
        if (what === 'reserve') refused(() => held.push({ id: ledger.reserve(wanted({ tokens: amount })), amount }));
        // Settled for at most what was set aside, as estimates are upper bounds.
        if (what === 'settle' && one) ledger.settle(one.id, { tokens: Math.min(amount, one.amount) });
        if (what === 'release' && one) ledger.release(one.id);
        const [rate, tokens] = ledger.state(budget);
        assert.ok(Number(rate!.used) <= 7 && Number(tokens!.used) <= 100 && Number(tokens!.used) >= 0);
        const kept = [...store.kept.values()][0];
        if (kept !== undefined && kept.window === Math.floor(Date.parse(tokens!.until) / 60_000) - 1)
          assert.equal(kept.used, Number(tokens!.used));
      }
    }),
  );
});
