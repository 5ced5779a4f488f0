/** What is said when the notifier can't do its work, and that requests don't mind. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openPlace, type Place, until } from './place.js';

const key = Buffer.alloc(24, 5);
let place: Place;

before(async () => {
  place = await openPlace('  slack: {channel: C0123ABCD}\n  webhook: [{url: "https://hooks.test/"}]\n', {
    allow: false,
    config: 'workers: 2\n',
  });
});
after(() => place?.close());

const notices = async (): Promise<string> => {
  const { notices: all } = JSON.parse(await place.world.ok(['status', '--json'])) as { notices: string[] };
  return all.join('\n');
};

test('without its gateway nothing is sent, the status says what to do, and a request waits for its approval as ever', async () => {
  assert.match(await notices(), /tf gateway create notifier/);
  const id = await place.ask('/one');
  await place.world.ok(['approvals', 'approve', id]);
  assert.equal(await place.status('/one'), 200);
  assert.equal(place.slack.calls.length, 0);
});

test('without a permission the status says which, and once it is there what waited is sent, also with two workers', async () => {
  await place.world.ok(['gateway', 'create', 'notifier']);
  const id = await place.ask('/two');
  await until(async () => /notify: slack: chat\.postMessage: denied/.test(await notices()));
  assert.match(
    await notices(),
    /tf permissions set --gateway notifier --action slack\.message\.post --resource channel:C0123ABCD/,
  );
  assert.match(await notices(), /tf secret set NAME --host hooks\.test --scheme webhook --gateway notifier/);
  await place.allow();
  const input = `whsec_${key.toString('base64')}`;
  await place.world.ok(
    ['secret', 'set', 'hook', '--host', 'hooks.test', '--scheme', 'webhook', '--gateway', 'notifier'],
    { input },
  );
  await until(() => place.slack.of('chat.postMessage').find(({ form }) => form.blocks?.includes(id)));
  const received = await until(() =>
    place.world.received.find(({ headers }) => headers['webhook-id'] === `${id}_requested`),
  );
  const signed = `${id}_requested.${String(received.headers['webhook-timestamp'])}.`;
  const expected = createHmac('sha256', key).update(signed).update(received.body).digest('base64');
  assert.equal(received.headers['webhook-signature'], `v1,${expected}`);
  assert.ok(
    (await place.entries('notification.failed')).some(({ notification }) => notification === `${id}_requested`),
  );
});

test('an approval that the notifier itself would need is announced to nobody', async () => {
  const set = [
    'permissions',
    'set',
    '--gateway',
    'notifier',
    '--action',
    'slack.message.post',
    '--resource',
    'channel:C0123ABCD',
  ];
  await place.world.ok([...set, '--effect', 'require_approval']);
  await place.ask('/three');
  const own = await until(async () =>
    (await place.entries('approval.requested')).find(({ gateway }) => gateway === 'notifier'),
  );
  const said = [...(await place.entries('notification.sent')), ...(await place.entries('notification.failed'))];
  assert.deepEqual(
    said.filter(({ approval }) => approval === own.approval),
    [],
  );
});
