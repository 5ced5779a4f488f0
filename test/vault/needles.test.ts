/** What is searched for in the answers to a gateway: every value that it may use, and no other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { folder, opened, secret } from './world.js';

const has = (set: { foundIn(data: Uint8Array): boolean }, text: string): boolean => set.foundIn(Buffer.from(text));

test('a gateway’s answers are searched for every value that it may use, for whatever host, and for no other', async t => {
  const vault = await opened(t, folder(t));
  assert.equal(vault.needles('agent').length, 0);
  vault.set(secret('all', { hosts: ['one.example'] }), Buffer.from('value-for-all'));
  vault.set(secret('mine', { hosts: ['two.example'], gateways: ['agent'] }), Buffer.from('value-of-mine'));
  vault.set(secret('theirs', { gateways: ['other'] }), Buffer.from('value-of-theirs'));
  vault.set(secret('pair', { scheme: 'basic', gateways: ['agent'] }), Buffer.from('user:the-password'));
  const mine = vault.needles('agent');
  const texts = ['value-for-all', 'value-of-mine', 'value-of-theirs', 'the-password', btoa('xx value-of-mine')];
  assert.deepEqual(
    texts.map(text => has(mine, text)),
    [true, true, false, true, true],
  );
  assert.deepEqual(
    texts.map(text => has(vault.needles('other'), text)),
    [true, false, true, false, false],
  );
});

test('a change of the vault changes what is searched for, from the next answer on', async t => {
  const { path } = folder(t);
  const vault = await opened(t, { path });
  const another = await opened(t, { path });
  vault.set(secret('a'), Buffer.from('first-value'));
  const before = vault.needles('agent');
  assert.equal(vault.needles('agent'), before, 'it is made once');
  vault.rotate('a', Buffer.from('second-value'));
  assert.deepEqual(
    [has(vault.needles('agent'), 'first-value'), has(vault.needles('agent'), 'second-value')],
    [false, true],
  );
  // An answer that is on its way keeps what it was asked with.
  assert.equal(has(before, 'first-value'), true);
  another.set(secret('b'), Buffer.from('third-value'));
  await turn();
  assert.equal(has(vault.needles('agent'), 'third-value'), true);
  vault.remove('a');
  assert.equal(has(vault.needles('agent'), 'second-value'), false);
});

test('gateways with the same secrets share one set, and a set that nobody asks for is forgotten after a minute', async t => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const vault = await opened(t, { ...folder(t), now: Date.now });
  vault.set(secret('a'), Buffer.from('first-value'));
  const set = vault.needles('agent');
  assert.equal(vault.needles('other'), set);
  t.mock.timers.tick(29_000);
  assert.equal(vault.needles('agent'), set);
  t.mock.timers.tick(29_000);
  assert.equal(vault.needles('agent'), set);
  t.mock.timers.tick(60_000);
  assert.notEqual(vault.needles('agent'), set);
});

test('secrets that are too long together are not asked with, and whose they are is said', async t => {
  const vault = await opened(t, folder(t));
  vault.set(secret('a'), Buffer.from('first-value'));
  for (let i = 0; i < 3; i++)
    vault.set(secret(`long-${i}`, { scheme: 'header:X', gateways: ['much'] }), Buffer.alloc(30_000, `"${i}&`));
  assert.throws(() => vault.needles('much'), { code: 'credential_unavailable', message: /much .* too long/ });
  assert.equal(has(vault.needles('agent'), 'first-value'), true);
});
