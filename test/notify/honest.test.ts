/** What isn't said as it should be is not said to have been, and the status says what to do about it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openPlace, type Place, until } from './place.js';
import { botToken } from './slack.js';

let place: Place;

before(async () => {
  place = await openPlace(
    '  slack: {channel: C0123ABCD, signing_secret_file: slack-secret, links: true}\n  webhook: [{url: "https://hooks.test/"}]\n',
    { allow: false },
  );
  writeFileSync(join(place.world.home, 'slack-secret'), 'e6b19c573432dcc6b075501d51b51bb8\n', { mode: 0o600 });
  const { ok } = place.world;
  await ok(['gateway', 'create', 'notifier']);
  const bot = ['secret', 'set', 'slack-bot', '--connector', 'slack', '--gateway', 'notifier'];
  await ok(bot, { input: botToken });
  await permit('slack.message.post', 'channel:C0123ABCD', 'allow');
  const hook = ['secret', 'set', 'hook', '--host', 'hooks.test', '--scheme', 'webhook', '--gateway', 'notifier'];
  await ok(hook, { input: `whsec_${Buffer.alloc(32, 3).toString('base64')}` });
});
after(() => place?.close());

const permit = (action: string, resource: string, effect: string): Promise<string> =>
  place.world.ok([
    ...['permissions', 'set', '--gateway', 'notifier', '--action', action],
    ...['--resource', resource, '--effect', effect],
  ]);
const notices = async (): Promise<string> => {
  const { notices: all } = JSON.parse(await place.world.ok(['status', '--json'])) as { notices: string[] };
  return all.join('\n');
};
const hooked = (): number => place.world.received.filter(({ host }) => host === 'hooks.test').length;
const failure = (id: string) =>
  until(async () =>
    (await place.entries('notification.failed')).find(
      ({ notification, channel }) => notification === `${id}_requested` && String(channel).startsWith('webhook:'),
    ),
  );

test('without a page there is no button that would lead nowhere, and the status says why', async () => {
  const id = await place.ask('/page');
  const { form } = await until(() =>
    place.slack.of('chat.postMessage').find(call => call.form.blocks?.includes(id) === true),
  );
  assert.doesNotMatch(form.blocks!, /tollfence_approve/);
  assert.match(await notices(), /need a page; set "dashboard:/);
});

test('a webhook whose signature the permissions do not pay for is not sent without it', async () => {
  await permit('http.*', 'host:hooks.test', 'allow');
  const { reason } = await failure(await place.ask('/unsigned'));
  assert.match(String(reason), /isn't sent unsigned: its secret hook needs a permission that names http\.post/);
  assert.equal(hooked(), 0);
});

test('a webhook that the permissions defer has not been sent, and is not deferred again with every try', async () => {
  await permit('http.post', 'host:hooks.test', 'defer');
  const id = await place.ask('/deferred');
  const { reason, again_at } = await failure(id);
  assert.match(String(reason), /deferred/);
  assert.equal(again_at, null);
  const sent = (await place.entries('notification.sent')).filter(({ channel }) =>
    String(channel).startsWith('webhook:'),
  );
  assert.deepEqual(sent, []);
});

test('a notifier whose gateway was removed is brought back, not made anew', async () => {
  await place.world.ok(['gateway', 'remove', 'notifier']);
  assert.match(await notices(), /the gateway notifier was removed; bring it back with: tf gateway reinstate notifier/);
});
