import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Fault, Refusal } from '../../src/errors.js';
import { gatewayNameFault, openGateways } from '../../src/identity/gateways.js';
import { alone, openKillSwitch } from '../../src/identity/kill.js';
import { openRuns } from '../../src/identity/runs.js';
import { openState, type StoredRun } from '../../src/identity/state.js';
import type { KillScope } from '../../src/model.js';

const dir = mkdtempSync(join(tmpdir(), 'tf-identity-'));
after(() => rmSync(dir, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(dir, `state-${++count}.db`);
const now = Date.UTC(2026, 10, 20);
const killed = (error: unknown): boolean => error instanceof Refusal && error.code === 'killed';

test('state is private, kept, and of one process at a time', () => {
  const path = fresh();
  const state = openState(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  state.set('name', 'value');
  assert.deepEqual([state.next('permission'), state.next('permission')], [1, 2]);
  assert.throws(
    () => openState(path),
    (error: unknown) => (error as { code?: string }).code === 'SQLITE_BUSY',
  );
  state.close();
  const again = openState(path);
  assert.equal(again.get('name'), 'value');
  assert.equal(again.next('permission'), 3);
  again.close();
});

test('state behind a symbolic link, or that is no state, is not opened', () => {
  const target = fresh();
  openState(target).close();
  const link = join(dir, 'link.db');
  symlinkSync(target, link);
  assert.throws(() => openState(link));
  const garbage = fresh();
  writeFileSync(garbage, 'not a database, but long enough to look like one'.repeat(100));
  assert.throws(() => openState(garbage));
});

test('a name of a gateway fits in the user part of a URL and in a file name', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 70 }), name => {
      if (gatewayNameFault(name) !== null) return;
      assert.equal(decodeURIComponent(new URL(`http://${name}:x@127.0.0.1:1`).username), name);
      assert.ok(!name.includes('/') && !name.startsWith('.') && !name.startsWith('-'));
    }),
    { numRuns: 2_000 },
  );
  for (const name of ['', '-a', '.a', 'a b', 'a/b', 'a:b', 'a@b', '\u00e4', 'a'.repeat(64), 'a\n'])
    assert.notEqual(gatewayNameFault(name), null, name);
});

test('a gateway is made once, and permissions are numbered for ever', () => {
  const state = openState(fresh());
  const gateways = openGateways(state);
  gateways.create({ name: 'agent' }, now);
  assert.throws(() => gateways.create({ name: 'agent' }, now), Fault);
  const fields = { gateway: 'agent', action: 'a.*', effect: 'allow', resource: null, where: null, reason: '' } as const;
  const first = gateways.addPermission(fields, now);
  gateways.removePermission(first.id);
  assert.throws(() => gateways.removePermission(first.id), Fault);
  assert.notEqual(gateways.addPermission(fields, now).id, first.id);
  assert.deepEqual(
    openGateways(state)
      .permissions('agent')
      .map(({ id }) => id),
    ['perm_2'],
  );
  state.close();
});

test('a kill covers what it names and nothing else, and is found again', () => {
  const state = openState(fresh());
  const belongs = { gateways: ['parent', 'g'], runs: ['r0', 'r'], grants: [], connector: 'c' };
  const scopes: readonly KillScope[] = [
    { kind: 'all' },
    { kind: 'gateway', name: 'g' },
    { kind: 'gateway', name: 'parent' },
    { kind: 'run', name: 'r' },
    { kind: 'run', name: 'r0' },
    { kind: 'connector', name: 'c' },
  ];
  for (const scope of scopes) {
    const kill = openKillSwitch(state);
    kill.check(belongs);
    kill.activate(scope, 'why', 'me', now);
    assert.throws(() => kill.check(belongs), killed);
    assert.throws(() => openKillSwitch(state).check(belongs), killed);
    if (scope.kind !== 'all') {
      kill.check(alone('x', 'x', 'x'));
      kill.check({ gateways: [], runs: [], grants: [], connector: null });
    }
    kill.deactivate(scope);
    kill.check(belongs);
    openKillSwitch(state).check(belongs);
  }
  state.close();
});

test("a kill that can't be written down acts nevertheless; state that can't be read stops everything", () => {
  const broken = { kills: { all: () => [], put: () => assert.fail('disk full'), remove: () => true } };
  const kill = openKillSwitch(broken);
  assert.throws(() => kill.activate({ kind: 'gateway', name: 'g' }, '', 'me', now));
  assert.throws(() => kill.check(alone('g', 'x', null)), killed);
  for (const state of [
    null,
    { kills: { all: (): never => assert.fail('damaged'), put: () => {}, remove: () => true } },
  ]) {
    assert.throws(() => openKillSwitch(state).check(alone('x', 'x', null)), killed);
  }
});

test("a token is known while its run lives, kept only as a hash, and is not the supervisor's secret", () => {
  const path = fresh();
  const state = openState(path);
  const gateways = openGateways(state);
  const gateway = gateways.create({ name: 'agent' }, now);
  const open = (alive: (run: StoredRun) => boolean) => openRuns(state, gateways.find, alive, () => now);
  const runs = open(() => true);
  const { run, token, supervisor } = runs.start(gateway, { pid: 1, user: { sub: 'u' }, workload: {} });
  assert.equal(Buffer.from(token, 'base64url').length, 32);
  assert.equal(runs.byToken(token), run);
  assert.equal(runs.bySupervisor(supervisor), run);
  for (const wrong of ['', supervisor, `${token}x`, token.slice(1)]) assert.equal(runs.byToken(wrong), undefined);
  assert.equal(runs.bySupervisor(token), undefined);
  assert.ok(
    !JSON.stringify(state.runs.all()).includes(token) && !JSON.stringify(state.runs.all()).includes(supervisor),
  );
  assert.ok(Object.isFrozen(run.subject));

  // After a restart: known while its process lives, gone for good when it doesn't.
  assert.equal(open(() => true).byToken(token)?.stored.id, run.stored.id);
  assert.equal(open(() => false).byToken(token), undefined);
  assert.equal(open(() => true).byToken(token), undefined);

  runs.end(run.stored.id);
  assert.equal(run.ended, true);
  assert.equal(runs.byToken(token), undefined);
  state.close();
});
