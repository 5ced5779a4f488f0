/** Approvers with keys: what they sign lets one request through, stands in the log, and is checked by whoever audits it. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import { entries } from '../faults/ledger.js';
import { filesBelow } from '../world.js';
import { openPlace, type Place } from './place.js';

let place: Place;
const keyOf = (name: string): string => join(place.world.dir, 'config', 'tollfence', 'approvers', `${name}.key`);

before(async () => {
  place = await openPlace([], 'off');
});
after(() => place?.close());

test('while nobody is registered the operator approves, and from the first approver on a signature is needed', async () => {
  const { world, pending, post, reached } = place;
  const first = await pending('/first');
  await world.ok(['approvals', 'approve', first]);
  assert.equal((await post('/first')).status, 200);
  const second = await pending('/second');
  await place.approver('alice');
  const refused = await world.tf(['approvals', 'approve', second]);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /one of them has to sign/);
  const said = await world.ok(['approvals', 'approve', second, '--as', 'alice', '--reason', 'as agreed']);
  assert.match(said, new RegExp(`bound to +[0-9a-f]{64}[\\s\\S]*${second} is granted`));
  assert.equal((await post('/second')).status, 200);
  assert.equal(reached('/second'), 1);
  const log = await entries(world);
  const granted = log.find(({ type, approval }) => type === 'approval.granted' && approval === second)!;
  const added = log.find(({ type }) => type === 'approver.added')!;
  assert.deepEqual([granted.approver, granted.key, granted.via], ['alice', added.key, 'cli']);
  assert.equal((JSON.parse(String(granted.statement)) as { approval: string }).approval, second);
  assert.match(
    await world.ok(['audit', 'verify']),
    /Approvals: 1 signed by approvers, 0 by the proxy[\s\S]*Approver alice: key_/,
  );
});

test("the private key is nobody else's: 0600, not in TF_HOME, under its passphrase, never overwritten", async () => {
  const { world } = place;
  assert.equal(statSync(keyOf('alice')).mode & 0o777, 0o600);
  assert.ok(filesBelow(world.home).every(({ content }) => !content.includes(readFileSync(keyOf('alice'), 'utf8'))));
  assert.equal((await world.tf(['approver', 'add', 'bob'])).code, 2);
  assert.equal((await world.tf(['approver', 'add', 'bob'], { env: { TF_APPROVER_PASSPHRASE: 'short' } })).code, 2);
  assert.ok(!existsSync(keyOf('bob')));
  const env = { TF_APPROVER_PASSPHRASE: 'four words are better' };
  await world.ok(['approver', 'add', 'bob'], { env });
  assert.match(readFileSync(keyOf('bob'), 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
  const again = await world.tf(['approver', 'add', 'carl', '--no-passphrase', '--key', keyOf('bob')]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /never overwritten/);
  const id = await place.pending('/passphrase');
  const wrong = await world.tf(['approvals', 'deny', id, '--as', 'bob'], {
    env: { TF_APPROVER_PASSPHRASE: 'four words' },
  });
  assert.equal(wrong.code, 1);
  await world.ok(['approvals', 'deny', id, '--as', 'bob'], { env });
  // A key that the proxy doesn't take leaves no file behind.
  const files = readdirSync(join(keyOf('bob'), '..'));
  assert.notEqual((await world.tf(['approver', 'add', 'alice', '--no-passphrase', '--key', keyOf('other')])).code, 0);
  assert.deepEqual(readdirSync(join(keyOf('bob'), '..')), files);
});

test('a signature for another approval, by another key, or by whoever was removed lets nothing through', async () => {
  const { world, pending } = place;
  const id = await pending('/forged');
  const stolen = await world.tf(['approvals', 'approve', id, '--as', 'alice', '--key', keyOf('nobody')]);
  assert.equal(stolen.code, 4);
  await place.approver('eve');
  const other = await world.tf(['approvals', 'approve', id, '--as', 'alice', '--key', keyOf('eve')]);
  assert.equal(other.code, 3);
  assert.match(other.stderr, /not that of alice/);
  await world.ok(['approver', 'remove', 'eve']);
  assert.equal((await world.tf(['approvals', 'approve', id, '--as', 'eve'])).code, 4);
  assert.equal((await world.tf(['approvals', 'approve', id])).code, 3);
  assert.equal(place.reached('/forged'), 0);
});

test('nobody approves a run of his own, and no one has two names', async () => {
  const { world, pending } = place;
  const id = await pending('/own');
  const me = userInfo().username;
  await place.approver('me', ['--user', 'me@example.com', '--user', me.toUpperCase()]);
  const own = await world.tf(['approvals', 'approve', id, '--as', 'me']);
  assert.equal(own.code, 3);
  assert.match(own.stderr, /nobody approves a run of his own/);
  assert.equal((await world.tf(['approver', 'add', 'second', '--no-passphrase', '--user', 'ME@example.com'])).code, 1);
  await world.ok(['approvals', 'deny', id, '--as', 'me', '--reason', 'not needed']);
  assert.match((await place.post('/own')).body, /refused by me: not needed/);
});

test('from inside a run nobody is added or removed, and no link is made', async () => {
  const { world, agent } = place;
  const inside = { env: { TF_RUN: agent.env.TF_RUN! } };
  const id = await place.pending('/inside');
  for (const args of [
    ['approver', 'add', 'mallory', '--no-passphrase'],
    ['approver', 'remove', 'alice'],
    ['approver', 'link', id, 'alice'],
    ['approvals', 'approve', id, '--as', 'alice'],
  ]) {
    assert.equal((await world.tf(args, inside)).code, 3, args.join(' '));
  }
  const names = (JSON.parse(await world.ok(['approver', 'list', '--json'])) as { name: string }[]).map(
    ({ name }) => name,
  );
  assert.ok(names.includes('alice') && !names.includes('mallory'));
});

test('without a page there are no links, and the operator is told how to have one', async () => {
  const told = await place.world.tf(['approver', 'link', await place.pending('/off'), 'alice']);
  assert.equal(told.code, 1);
  assert.match(told.stderr, /serves no page that people could reach[\s\S]*dashboard: 127\.0\.0\.1/);
});

test('approvers are kept over a restart, and what they signed is evidence without the proxy', async () => {
  const { world, pending } = place;
  const id = await pending('/restart');
  await world.ok(['stop']);
  await world.ok(['approvals', 'approve', id, '--as', 'alice']);
  await world.ok(['audit', 'verify']);
  const [log, key] = [join(world.dir, 'copy.db'), join(world.home, 'log.pub')];
  await world.ok(['stop']);
  copyFileSync(join(world.home, 'ledger.db'), log);
  const verify = ['audit', 'verify', '--log', log, '--key', key];
  const elsewhere = { env: { TF_HOME: join(world.dir, 'auditor') } };
  await world.ok(verify, elsewhere);
  const db = new Database(log);
  const sql = 'UPDATE entries SET bytes = replace(bytes, \'"reason":"as agreed"\', \'"reason":"as ordered"\')';
  assert.ok(db.prepare(sql).run().changes > 0);
  db.close();
  assert.equal((await world.tf(verify, elsewhere)).code, 6);
  const file = join(world.dir, 'export.jsonl');
  await world.ok(['audit', 'export', '--format', 'jsonl', file]);
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  // The last answer, by whoever can write a file: no entry behind it would notice.
  const at = lines.findLastIndex(line => line.includes('"type":"approval.granted"'));
  const changed = lines[at]!.replace('"scope":{}', '"scope":{"count":9}');
  assert.notEqual(changed, lines[at]);
  writeFileSync(file, `${[...lines.slice(0, at), changed].join('\n')}\n`);
  const found = await world.tf(['audit', 'verify', '--log', file, '--key', key], elsewhere);
  assert.equal(found.code, 6);
  assert.match(
    found.stderr,
    new RegExp(`First bad entry: ${at} [\\s\\S]*what alice signed does not fit the entry: its scope`),
  );
});
