/** What exchanges do when something else goes wrong meanwhile: a disk, a kill, another hand on the secret. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Refusal } from '../../src/errors.js';
import { mint } from '../../src/permit.js';
import { give, hash, stand, take, target } from './stand.js';

test('a refresh token that the vault can not store is kept, stored by the next request, and no token is used before', async t => {
  const sent: (string | null)[] = [];
  const here = await stand(t, (asked, response) => {
    sent.push(asked.get('refresh_token'));
    give(response, { access_token: `token-${sent.length}`, refresh_token: `refresh-${sent.length}` });
  });
  const rotate = here.vault.rotate.bind(here.vault);
  here.vault.rotate = () => {
    throw new Error('disk full');
  };
  await assert.rejects(take(here, here.permit()), { code: 'credential_unavailable' });
  here.vault.rotate = rotate;
  await new Promise(resolve => setTimeout(resolve, 1_050));
  assert.equal(await take(here, here.permit()), 'token-2');
  assert.deepEqual(sent, ['refresh-0', 'refresh-1']);
  assert.equal(here.vault.find('api')?.version, 3);
});

test('whoever is killed while its exchange is under way takes nobody else with it', async t => {
  let exchanges = 0;
  const here = await stand(t, (_, response) => {
    exchanges += 1;
    if (exchanges > 1) return give(response, { access_token: 'token-of-the-second' });
    // No answer to the first: it is killed while it waits.
    here.killed.add('first');
    here.exchange.revoke({ kind: 'gateway', name: 'first' });
  });
  const first = assert.rejects(take(here, here.permit('first')));
  const second = take(here, here.permit('second'));
  await first;
  assert.equal(await second, 'token-of-the-second');
  assert.equal(exchanges, 2);
});

test('a secret that an operator rotates while it is exchanged is not overwritten, and what came of the old one is not used', async t => {
  const here = await stand(t, (_, response) => {
    const own = { client_id: 'x', token_url: 'https://auth.example.com/', refresh_token: 'of-the-operator' };
    here.vault.rotate('api', Buffer.from(JSON.stringify(own)));
    give(response, { access_token: 'token-of-the-old', refresh_token: 'of-the-server' });
  });
  await assert.rejects(take(here, here.permit()), /was changed while it was exchanged/);
  const lent = here.vault.lease(here.permit(), hash);
  assert.match(lent.value.toString(), /of-the-operator/);
});

test('a token is zeroed when its secret is removed, when all is killed, and when nobody uses it any more', async t => {
  const here = await stand(t, (_, response) => give(response, { access_token: 'token-0123456789' }));
  const lend = async (): Promise<Buffer> => {
    const permit = here.permit();
    await here.exchange.fetch(permit, hash, target);
    return here.exchange.lease(permit, hash).value;
  };
  const ends: (() => void)[] = [
    () => here.exchange.revoke({ kind: 'run', name: 'run_agent' }),
    () => here.exchange.revoke({ kind: 'gateway', name: 'agent' }),
    () => here.exchange.revoke({ kind: 'all' }),
    () => {
      here.vault.remove('api');
      here.exchange.keep();
    },
  ];
  for (const end of ends) {
    const value = await lend();
    assert.equal(value.toString(), 'token-0123456789');
    here.exchange.revoke({ kind: 'run', name: 'run_other' });
    assert.ok(here.exchange.needles('agent').foundIn(Buffer.from('… token-0123456789 …')));
    assert.notEqual(value[0], 0, 'another run is another matter');
    end();
    assert.deepEqual(value, Buffer.alloc(16));
  }
});

test('without a permit for the API there is no exchange, and a permit serves one request only', async t => {
  let exchanges = 0;
  const here = await stand(t, (_, response) => {
    exchanges += 1;
    give(response, { access_token: 'token-0123456789' });
  });
  const elsewhere = mint({ ...here.permit().allowed, host: 'evil.example.com' }, Date.now());
  await assert.rejects(take(here, elsewhere), { code: 'credential_unavailable' });
  await assert.rejects(here.exchange.fetch(here.permit(), 'b'.repeat(64), target)!, { code: 'denied' });
  assert.equal(exchanges, 0);
  const permit = here.permit();
  await take(here, permit);
  assert.throws(() => here.exchange.lease(permit, hash), { code: 'denied' });
  assert.throws(() => here.exchange.fetch(permit, hash, target), { code: 'denied' });
});

const json = JSON.stringify;
/** Each of these is wrong in its own way, and repeats what it was sent. */
const wrong: Readonly<Record<string, readonly [status: number, body: string, sentence: string]>> = {
  '/grant': [
    400,
    json({ error: 'invalid_grant', error_description: 'refresh-bad' }),
    'does not accept the refresh token (any more) (invalid_grant).',
  ],
  '/unknown': [400, json({ error: 'refresh-bad' }), 'refused it with status 400.'],
  '/redirect': [302, '', 'refused it with status 302.'],
  '/html': [200, '<html>refresh-bad</html>', 'answered with something that is not a JSON object.'],
  '/list': [200, '["refresh-bad"]', 'answered with something that is not a JSON object.'],
  '/long': [200, json({ access_token: 'x'.repeat(2 << 20) }), 'answered with something that is not a JSON object.'],
  '/mac': [200, json({ access_token: 'mac-0123', token_type: 'mac' }), 'gave a token that is not a bearer token.'],
  '/odd': [
    200,
    json({ access_token: 'two\r\nlines' }),
    "gave a token that can't be sent: it is too long, or no header can carry it.",
  ],
};

test('what a token server answers wrongly is a sentence that quotes neither it nor the secret, for a moment', async t => {
  let asked = 0;
  const here = await stand(t, (_, response, path) => {
    asked += 1;
    const [status, body] = wrong[path]!;
    response.writeHead(status, { location: 'https://elsewhere.example.com/' });
    response.end(body);
  });
  for (const [path, [, , sentence]] of Object.entries(wrong)) {
    const members = { client_id: 'x', token_url: `https://auth.example.com${path}`, refresh_token: 'refresh-bad' };
    here.vault.rotate('api', Buffer.from(json(members)));
    const before = asked;
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => take(here, here.permit())));
    const message = `The secret api can't be exchanged for a token: auth.example.com ${sentence}`;
    for (const one of all) assert.equal(one.status === 'rejected' && (one.reason as Refusal).message, message);
    await assert.rejects(take(here, here.permit()), { code: 'credential_unavailable', message });
    assert.equal(asked, before + 1, 'a redirect is not followed, and the failure is not tried again at once');
  }
  await new Promise(resolve => setTimeout(resolve, 1_050));
  const before = asked;
  await assert.rejects(take(here, here.permit()));
  assert.equal(asked, before + 1);
});

test('what can not be recorded is not sent, also when the log breaks after the request that needs it', async t => {
  let exchanges = 0;
  const here = await stand(t, (_, response) => {
    exchanges += 1;
    give(response, { access_token: 'token-0123456789' });
  });
  const permit = here.permit();
  here.log.broken = true;
  await assert.rejects(take(here, permit), { code: 'log_unavailable' });
  assert.equal(exchanges, 0);
  here.log.broken = false;
  assert.equal(await take(here, here.permit()), 'token-0123456789');
});
