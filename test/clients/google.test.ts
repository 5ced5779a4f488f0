/** Google's client for Gmail behind its gateway, unmodified: reading, sending, sending a file, and a denied deletion. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import type { Received, World } from '../world.js';
import { agent, behind, decided, gateway, openPlace } from './place.js';

const secret = 'ya29.canary0123456789abcdefABCDEF';
const reason = 'Mail is never deleted by agents.';
let world: World;

/** Gmail, as far as it goes: it takes only what Google's documentation says that it takes. */
function answer({ method, host, target, headers, body }: Received, response: ServerResponse): void {
  const say = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const bad = (message: string): void => say(400, { error: { code: 400, message, status: 'INVALID_ARGUMENT' } });
  const { pathname, searchParams } = new URL(target, `https://${host}`);
  if (headers.authorization !== `Bearer ${secret}`) return say(401, { error: { code: 401, message: 'Who is it?' } });
  if (host !== 'gmail.googleapis.com') return bad(`${host} is not Gmail.`);
  const type = headers['content-type'] ?? '';
  if (method === 'GET' && pathname === '/gmail/v1/users/me/messages') {
    if (searchParams.get('q') !== 'is:unread' || searchParams.get('maxResults') !== '2') return bad('Which messages?');
    return say(200, { messages: [{ id: 'm1', threadId: 't1' }], resultSizeEstimate: 1 });
  }
  if (method === 'POST' && pathname === '/gmail/v1/users/me/messages/send') {
    const { raw = '', threadId } = JSON.parse(body.toString()) as { raw?: string; threadId?: string };
    const mail = Buffer.from(raw, 'base64url').toString();
    return /^application\/json/.test(type) && /^To: ann@acme\.dev\r\n/.test(mail) && threadId === 't1'
      ? say(200, { id: 'sent-1' })
      : bad('That is no message.');
  }
  if (method === 'POST' && pathname === '/upload/gmail/v1/users/me/messages/send') {
    const whole = /^multipart\/related/.test(type) && searchParams.get('uploadType') === 'multipart';
    return whole && body.includes('Subject: Hello\r\n\r\nText') ? say(200, { id: 'sent-2' }) : bad('That is no file.');
  }
  return bad(`${method} ${target} is nothing that Gmail knows.`);
}

before(async () => {
  const allow = ['google.gmail.users.messages.list', 'google.gmail.message.send'];
  const deny = { 'google.gmail.message.delete': reason };
  world = await openPlace([{ place: ['--connector', 'google'], secret, allow, deny }], {
    answer,
    hosts: ['gmail.googleapis.com'],
  });
});
after(() => world.close());

test('Gmail’s client reads, sends and uploads with a credential that it does not have, and shows why it may not delete', async () => {
  const { code, stdout, stderr } = await behind(world, agent('gmail'));
  assert.equal(code, 0, stderr);
  const { answer, refusal } = JSON.parse(stdout) as { answer: unknown; refusal: string | null };
  assert.deepEqual(answer, ['m1', 'sent-1', 'sent-2']);
  assert.ok(refusal?.includes(reason), refusal ?? 'it took the refusal for a success');
  assert.deepEqual(
    world.received.map(({ method, target }) => `${method} ${target.split('?', 1)[0]}`),
    [
      'GET /gmail/v1/users/me/messages',
      'POST /gmail/v1/users/me/messages/send',
      'POST /upload/gmail/v1/users/me/messages/send',
    ],
  );
  assert.equal(await decided(world, 'google.gmail.users.messages.delete'), 1);
});

test('what is in a mail is in no line of the log', async () => {
  const lines = await world.ok([
    'logs',
    '--json',
    '--gateway',
    gateway,
    '--action',
    'google.gmail.users.messages.send',
  ]);
  const raw = Buffer.from('To: ann@acme.dev').toString('base64url').slice(0, 16);
  assert.equal(lines.split('\n').filter(Boolean).length, 2);
  assert.ok(!lines.includes(raw) && !lines.includes('Subject'), lines);
});
