/** The register of approvers and their links, over a real state: what is half done is never laxer, and is completed. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Approval } from '../../src/approvals/index.js';
import { type Approvers, type Links, openApprovers, openLinks } from '../../src/approvers/index.js';
import { Fault } from '../../src/errors.js';
import { openKeys } from '../../src/identity/keys.js';
import { openState, type State } from '../../src/identity/state.js';
import { signStatement } from '../../src/log/index.js';
import type { Draft } from '../../src/model.js';
import { approval } from '../web/place.js';

interface Place {
  readonly state: State;
  /** Types of what was recorded, with the approver. */
  readonly recorded: string[];
  /** Set: the log holds each entry until this resolves. */
  gate: Promise<void> | null;
  readonly clock: { now: number };
  open(): Promise<Approvers>;
}

function openPlace(context: { after(fn: () => void): void }): Place {
  const dir = mkdtempSync(join(tmpdir(), 'tf-register-'));
  const state = openState(join(dir, 'state.db'));
  context.after(() => {
    state.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const clock = { now: Date.parse('2026-01-01T00:00:00Z') };
  const place: Place = {
    state,
    recorded: [],
    gate: null,
    clock,
    open: () =>
      openApprovers(
        state,
        openKeys(state, () => clock.now),
        log,
        () => clock.now,
      ),
  };
  const log = {
    async record(draft: Draft) {
      await place.gate;
      place.recorded.push([draft.type, draft.approver].filter(Boolean).join(' '));
      return { id: 'ev_1', seq: 1 };
    },
  };
  return place;
}

const pair = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } => generateKeyPairSync('ed25519');
const fields = (name: string, { publicKey } = pair()) => ({
  name,
  public_key: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  users: [name],
  roles: [],
  email: null,
  slack: null,
});
const deferred = (): { promise: Promise<void>; done(): void; fail(): void } => {
  let [done, fail] = [(): void => {}, (): void => {}];
  const promise = new Promise<void>((resolve, reject) => {
    done = resolve;
    fail = () => reject(new Fault(1, "The log can't be written."));
  });
  return { promise, done, fail };
};
const names = (approvers: Approvers): string[] => approvers.list().map(({ name }) => name);

test('while somebody is being added or removed he can not answer, and nobody else can do without', async context => {
  const place = openPlace(context);
  const approvers = await place.open();
  const keys = pair();
  const signed = signStatement(
    {
      ...{ v: 1, approval: 'apr_1', binding: 'b'.repeat(64), verdict: 'granted', scope: {}, approver: 'alice' },
      at: new Date(place.clock.now).toISOString(),
    },
    keys.privateKey,
    keys.publicKey,
  );
  const check = (): string => approvers.check(signed, approval(), { verdict: 'granted', scope: {} }).name;
  assert.equal(approvers.required(), false);
  for (const [change, during, afterwards] of [
    [() => approvers.add(fields('alice', keys), 'x'), [], ['alice']],
    [() => approvers.remove('alice', 'x'), [], []],
  ] as const) {
    const entry = deferred();
    place.gate = entry.promise;
    const changed = change();
    await Promise.resolve();
    assert.deepEqual(names(approvers), during);
    assert.equal(approvers.required(), true);
    assert.throws(check, /There is no approver alice/);
    entry.done();
    await changed;
    assert.deepEqual(names(approvers), afterwards);
    assert.equal(approvers.required(), afterwards.length > 0);
    if (afterwards.length > 0) assert.equal(check(), 'alice');
  }
});

test('what a crash left half done is completed by the next start, in the log too', async context => {
  const place = openPlace(context);
  const first = await place.open();
  await first.add(fields('bob'), 'x');
  place.gate = new Promise(() => {});
  void first.add(fields('alice'), 'x');
  void first.remove('bob', 'x');
  await new Promise(resolve => setImmediate(resolve));
  place.gate = null;
  const next = await place.open();
  assert.deepEqual(names(next), ['alice']);
  assert.deepEqual(place.recorded, ['approver.added bob', 'approver.added alice', 'approver.removed bob']);
  assert.deepEqual(names(await place.open()), ['alice']);
  assert.equal(place.recorded.length, 3);
});

test('whoever could not be recorded is not there, and the log is told that he is gone before he is added again', async context => {
  const place = openPlace(context);
  const approvers = await place.open();
  const entry = deferred();
  place.gate = entry.promise;
  const added = approvers.add(fields('alice'), 'x');
  entry.fail();
  await assert.rejects(added, /can't be written/);
  assert.deepEqual([names(approvers), approvers.required()], [[], true]);
  place.gate = null;
  await approvers.add(fields('alice'), 'x');
  assert.deepEqual(place.recorded, ['approver.removed alice', 'approver.added alice']);
  assert.deepEqual(names(approvers), ['alice']);
});

test('a name, a key or a user that is taken is not given to a second approver', async context => {
  const approvers = await openPlace(context).open();
  const keys = pair();
  await approvers.add({ ...fields('alice', keys), users: ['alice@corp.example', 'alice'] }, 'x');
  for (const other of [
    fields('alice'),
    fields('bob', keys),
    { ...fields('bob'), users: ['Alice@Corp.example'] },
    { ...fields('bob'), users: ['bob', 'ALICE'] },
  ])
    await assert.rejects(approvers.add(other, 'x'), /already/);
  for (const name of ['', '.', '-x', 'a b', 'a/b', 'x'.repeat(64), '../x'])
    await assert.rejects(approvers.add(fields(name), 'x'), Fault, name);
  assert.deepEqual(names(approvers), ['alice']);
});

interface Linked {
  readonly links: Links;
  readonly answered: string[];
  readonly shown: { current: Approval };
}

function openLinked(place: Place, approvers: Approvers): Linked {
  const answered: string[] = [];
  const shown = { current: approval() };
  const links = openLinks({
    state: place.state,
    log: { record: () => Promise.resolve({ id: 'ev_1', seq: 1 }) },
    approvals: {
      find: () => shown.current,
      answer(_, answer) {
        approvers.check(answer.signed!, shown.current, { verdict: answer.verdict, scope: answer.scope ?? {} });
        answered.push(`${answer.signed!.via} ${answer.verdict}`);
        return Promise.resolve(shown.current);
      },
    },
    approvers,
    now: () => place.clock.now,
    base: () => 'http://127.0.0.1:1',
  });
  return { links, answered, shown };
}
const tokenOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

test('a link is good for 15 minutes, after a restart too, and not for a request that is another one now', async context => {
  const place = openPlace(context);
  const approvers = await place.open();
  await approvers.add(fields('alice'), 'x');
  const { links, shown } = openLinked(place, approvers);
  const [early, late] = [tokenOf(await links.make('apr_1', 'alice')), tokenOf(await links.make('apr_1', 'alice'))];
  assert.equal(Buffer.from(early, 'base64url').length, 32);
  place.clock.now += 899_999;
  const next = openLinked(place, approvers);
  await next.links.answer(early, 'granted', '');
  assert.deepEqual(next.answered, ['link granted']);
  await assert.rejects(next.links.answer(early, 'granted', ''), /has been used/);
  shown.current = approval({ binding: 'e'.repeat(64) });
  await assert.rejects(links.answer(late, 'granted', ''), /is no more/);
  place.clock.now += 1;
  await assert.rejects(next.links.answer(late, 'granted', ''), /has expired/);
  assert.deepEqual([next.links.look(late)?.approval, next.links.look(late)?.over], [null, 'This link has expired.']);
  assert.equal(links.look('x'), undefined);
  await assert.rejects(links.answer('x', 'granted', ''), /no such link/);
});

test('an answer that could not be given leaves its link as it was', async context => {
  const place = openPlace(context);
  const approvers = await place.open();
  await approvers.add(fields('alice'), 'x');
  const { links, answered } = openLinked(place, approvers);
  const token = tokenOf(await links.make('apr_1', 'alice'));
  const entry = deferred();
  place.gate = entry.promise;
  const failed = links.answer(token, 'granted', '');
  await assert.rejects(links.answer(token, 'refused', ''), /is being used/);
  entry.fail();
  await assert.rejects(failed, /can't be written/);
  assert.deepEqual(answered, []);
  place.gate = null;
  await links.answer(token, 'refused', '');
  assert.deepEqual(answered, ['link refused']);
});
