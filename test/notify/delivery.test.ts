/** Webhooks, mail and the outbox, end to end. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Received } from '../world.js';
import { freePort, openPlace, type Place, until } from './place.js';
import { signedPress } from './slack.js';

const key = Buffer.alloc(32, 9);
const hook = 'https://hooks.test/tollfence?team=7';
const signingSecret = 'e6b19c573432dcc6b075501d51b51bb8';
const dir = mkdtempSync(join(tmpdir(), 'tf-mail-'));
let place: Place;
let port: number;
/** How many of the next webhooks fail. */
let failing = 0;

const hooks = (): Received[] => place.world.received.filter(({ host }) => host === 'hooks.test');
const idOf = ({ headers }: Received): string => String(headers['webhook-id']);
const mails = (): string[] =>
  readdirSync(dir)
    .filter(name => /^mail-\d+$/.test(name))
    .map(name => readFileSync(join(dir, name), 'utf8'));

before(async () => {
  const script = join(dir, 'sendmail');
  // Fails the first time, as a mail server may; keeps what it gets the second time, with its environment.
  writeFileSync(
    script,
    `#!/bin/sh\n[ -e "${dir}/tried" ] || { : > "${dir}/tried"; echo "450 busy" >&2; exit 75; }\n{ cat; echo "--env--"; env; } > "${dir}/mail-$$.tmp" && mv "${dir}/mail-$$.tmp" "${dir}/mail-$$"\n`,
  );
  chmodSync(script, 0o755);
  port = await freePort();
  const email = `  email: {command: ["${script}", "-t"], from: tollfence@example.com, to: [oncall@example.com]}\n`;
  place = await openPlace(
    `  slack: {channel: C0123ABCD, signing_secret_file: slack-secret, links: true}\n  webhook: [{url: "${hook}", links: true}]\n${email}`,
    {
      config: `dashboard: 127.0.0.1:${port}\n`,
      answer(received, response) {
        const fails = received.host === 'hooks.test' && failing > 0;
        if (fails) failing -= 1;
        response.writeHead(fails ? 503 : 200);
        response.end();
      },
    },
  );
  writeFileSync(join(place.world.home, 'slack-secret'), `${signingSecret}\n`, { mode: 0o600 });
  await place.world.ok(
    ['secret', 'set', 'hook', '--host', 'hooks.test', '--scheme', 'webhook', '--gateway', 'notifier'],
    {
      input: `whsec_${key.toString('base64')}`,
    },
  );
  const alice = ['--user', 'alice@example.com', '--slack', 'UALICE', '--email', 'alice@example.com'];
  await place.approver('alice', alice);
});
after(async () => {
  await place?.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a webhook is signed on its way, and carries a link that answers', async () => {
  const id = await place.ask('/signed');
  const received = await until(() => hooks().find(each => idOf(each) === `${id}_requested`));
  assert.equal(received.target, '/tollfence?team=7');
  const { 'webhook-timestamp': timestamp, 'webhook-signature': signature } = received.headers;
  const expected = createHmac('sha256', key)
    .update(`${id}_requested.${String(timestamp)}.`)
    .update(received.body)
    .digest('base64');
  assert.equal(signature, `v1,${expected}`);
  assert.ok(Math.abs(Date.now() / 1_000 - Number(timestamp)) < 60);
  assert.equal(received.headers.authorization, undefined);
  const { type, data } = JSON.parse(received.body.toString()) as {
    type: string;
    data: { approval: string; actions: string[]; links: { approver: string; url: string }[] };
  };
  assert.deepEqual([type, data.approval, data.actions], ['approval.requested', id, ['http.post']]);
  const [link] = data.links;
  assert.equal(link!.approver, 'alice');
  const form = new URLSearchParams({ verdict: 'granted', reason: '' });
  const answered = await fetch(link!.url, {
    method: 'POST',
    body: form,
    headers: { origin: new URL(link!.url).origin },
  });
  assert.equal(answered.status, 200);
  assert.equal(await place.status('/signed'), 200);
  await until(() => hooks().find(each => idOf(each) === `${id}_granted`));
});

test('a mail goes to the command, again when it fails, with a link for the approver and without our environment', async () => {
  const find = (address: string): string | undefined =>
    mails().find(mail => mail.includes(`\r\nTo: ${address}\r\n`) && mail.includes('\r\nSubject: Approval needed'));
  await until(() => find('alice@example.com') !== undefined && find('oncall@example.com') !== undefined);
  const to = (address: string): string => find(address)!;
  assert.match(to('alice@example.com'), /\/a\/[A-Za-z0-9_=\r\n-]{43}/);
  assert.doesNotMatch(to('oncall@example.com'), /\/a\//);
  assert.match(to('oncall@example.com'), /^From: Tollfence <tollfence@example\.com>\r\n/);
  const [, variables = ''] = to('alice@example.com').split('--env--\n');
  assert.deepEqual(
    variables
      .split('\n')
      .flatMap(line => /^(\w+)=/.exec(line)?.[1] ?? [])
      .filter(name => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))
      .sort(),
    ['HOME', 'LANG', 'PATH'],
  );
  const [failed] = (await place.entries('notification.failed')).filter(({ channel }) =>
    String(channel).startsWith('email:'),
  );
  assert.match(String(failed?.reason), /ended with 75: 450 busy/);
  assert.notEqual(failed?.again_at, null);
});

test('an approver gets a link as a direct message in Slack, and the channel gets none', async () => {
  const to = (channel: string): string[] =>
    place.slack.of('chat.postMessage').flatMap(({ form }) => (form.channel === channel ? form.blocks! : []));
  const [direct] = await until(() => (to('UALICE').length > 0 ? to('UALICE') : null));
  const url = new RegExp(`<(http://127\\.0\\.0\\.1:${port}/a/[\\w-]{43})\\|`).exec(direct!)?.[1];
  assert.equal((await fetch(url!)).status, 410);
  assert.ok(to('C0123ABCD').length > 0);
  assert.doesNotMatch(to('C0123ABCD').join(), /\/a\//);
});

test('what a receiver refuses twice is sent a third time under the same id, and a proxy that is killed meanwhile changes nothing', async () => {
  const { proxy } = JSON.parse(await place.world.ok(['status', '--json'])) as { proxy: { pid: number } };
  failing = 2;
  const id = await place.ask('/killed');
  const of = (): Received[] => hooks().filter(each => idOf(each) === `${id}_requested`);
  await until(() => of().length === 1);
  process.kill(proxy.pid, 'SIGKILL');
  // Whoever needs a proxy starts one: a command, or a run that has lost its own.
  await until(async () => {
    await place.world.tf(['gateway', 'list']);
    const { code, stdout } = await place.world.tf(['status', '--json']);
    return code === 0 && (JSON.parse(stdout) as { proxy: { pid: number } }).proxy.pid !== proxy.pid;
  });
  const sent = await until(async () =>
    (await place.entries('notification.sent')).find(
      ({ notification, channel }) => notification === `${id}_requested` && String(channel).startsWith('webhook:'),
    ),
  );
  assert.ok(Number(sent.attempts) >= 2);
  assert.equal(of().length, 3);
  await place.world.ok(['approvals', 'deny', id]);
  await until(() => hooks().find(each => idOf(each) === `${id}_refused`));
});

test("a button over HTTP needs Slack's signature, fresh and for the first time", async () => {
  const id = await place.ask('/pressed');
  await until(() => place.slack.of('chat.postMessage').find(({ form }) => form.blocks?.includes(id)));
  const url = `http://127.0.0.1:${port}/slack/interactions`;
  const press = await place.pressOn(id, 'UALICE');
  const send = async (secret: string, at?: number): Promise<number> => {
    const { headers, body } = signedPress(secret, press, at);
    return (await fetch(url, { method: 'POST', headers, body })).status;
  };
  const now = Math.floor(Date.now() / 1_000);
  assert.equal(await send('not-the-secret'), 401);
  assert.equal(await send(signingSecret, now - 400), 401);
  assert.equal((await fetch(url)).status, 405);
  assert.match(await place.world.ok(['approvals', 'show', id, '--json']), /"pending"/);
  assert.equal(await send(signingSecret, now), 200);
  assert.equal(await send(signingSecret, now), 401);
  await until(async () => (await place.status('/pressed')) === 200);
  assert.equal((await place.entries('auth.rejected')).filter(({ at }) => at === 'slack').length, 3);
});

test('Slack that asks to wait is left alone for so long', async () => {
  place.slack.fail(429, 1, { 'retry-after': '3' });
  const id = await place.ask('/busy');
  await until(() => place.slack.of('chat.postMessage').find(({ form }) => form.blocks?.includes(id)));
  const failed = await until(async () =>
    (await place.entries('notification.failed')).find(({ notification }) => notification === `${id}_requested`),
  );
  assert.equal(failed.reason, 'Slack asks to wait');
  assert.ok(Date.parse(String(failed.again_at)) - Date.parse(String(failed.time)) >= 2_900);
  assert.equal(existsSync(join(place.world.home, 'slack-secret')), true);
});
