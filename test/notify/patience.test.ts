/** A proxy in the background that still has something to say, and what a direct message says in the end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort, openPlace, type Place, until } from './place.js';

let place: Place;

before(async () => {
  place = await openPlace('  slack: {channel: C0123ABCD, links: true}\n', {
    config: `dashboard: 127.0.0.1:${await freePort()}\nidle: 1s\n`,
  });
  await place.approver('alice', ['--user', 'alice@example.com', '--slack', 'UALICE']);
});
after(() => place?.close());

const direct = (id: string, text: string) => () =>
  place.slack
    .of('chat.postMessage')
    .find(({ form }) => form.channel === 'UALICE' && form.blocks?.includes(id) && form.blocks.includes(text));

test('a proxy that would end because nothing runs first says what it has to say', async () => {
  place.slack.fail(429, 2, { 'retry-after': '3' });
  const id = await place.ask('/patient');
  await place.leave();
  await until(direct(id, 'Approval needed'), 40_000);
  await place.world.ok(['approvals', 'deny', id]);
  const { form } = await until(direct(id, 'Refused'), 40_000);
  assert.doesNotMatch(form.blocks!, /\/a\//);
});

test('an approver is registered with an address that mail can go to, and an id that is one member of Slack', async () => {
  const add = (...more: string[]) => place.world.tf(['approver', 'add', 'bob', '--no-passphrase', ...more]);
  for (const [option, value] of [
    ['--email', 'bob@example.com,eve@evil.test'],
    ['--email', 'Bob<bob@example.com>'],
    ['--slack', '#general'],
    ['--slack', 'C0123ABCD'],
    ['--slack', '@bob'],
  ] as const) {
    const { code, stderr } = await add(option, value);
    assert.deepEqual([code, stderr.includes(value), stderr.includes('such as')], [2, true, true], stderr);
  }
  const taken = await add('--slack', 'UALICE');
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /alice/);
});
