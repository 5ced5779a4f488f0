/** What becomes of tokens and exchanges at the end: of their time, of a gateway, of the proxy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Token, Tokens } from '../../bin/proxy/exchange/tokens.js';
import { mint } from '../../src/permit.js';
import { give, hash, stand, take } from './stand.js';

test('a token that its server calls good for ever is recorded as any other, and is asked for anew after a day', async t => {
  for (const seconds of ['1e300', '9e15', '"999999999"', '1e400', '-1', 'null']) {
    const here = await stand(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"access_token":"token-0123456789","expires_in":${seconds}}`);
    });
    assert.equal(await take(here, here.permit()), 'token-0123456789', seconds);
    const [lent] = here.noted.filter(({ type }) => type === 'credential.leased');
    assert.ok(Date.parse(lent?.expires_at as string) <= Date.now() + 86_400_000, seconds);
  }
});

test('a failure is the answer for a moment, also when the clock goes back', async t => {
  let asked = 0;
  const here = await stand(t, (_, response) => {
    asked += 1;
    response.writeHead(500).end();
  });
  await assert.rejects(take(here, here.permit()), { code: 'credential_unavailable' });
  here.clock.wrong = -3_600_000;
  await new Promise(resolve => setTimeout(resolve, 1_050));
  await assert.rejects(take(here, here.permit()));
  assert.equal(asked, 2);
});

test('a refresh token that comes while the proxy ends is stored, also when nobody waits for its token any more', async t => {
  let came = (): void => {};
  const arrived = new Promise<void>(resolve => {
    came = resolve;
  });
  const here = await stand(t, (_, response) => {
    came();
    setTimeout(() => give(response, { access_token: 'token-0123456789', refresh_token: 'refresh-1' }), 100);
  });
  const taken = take(here, here.permit()).catch(() => {});
  await arrived;
  await here.exchange.close();
  await taken;
  assert.match(here.vault.lease(here.permit(), hash).value.toString(), /refresh-1/);
});

test('what a server makes of a secret while its gateway is killed is not lost to the others', async t => {
  const sent: (string | null)[] = [];
  const here = await stand(t, (asked, response) => {
    sent.push(asked.get('refresh_token'));
    if (sent.length > 1) return give(response, { access_token: 'token-of-the-second', refresh_token: 'refresh-2' });
    here.killed.add('first');
    here.exchange.revoke({ kind: 'gateway', name: 'first' });
    setTimeout(() => give(response, { access_token: 'token-of-the-first', refresh_token: 'refresh-1' }), 50);
  });
  const first = assert.rejects(take(here, here.permit('first')), { code: 'killed' });
  assert.equal(await take(here, here.permit('second')), 'token-of-the-second');
  await first;
  assert.deepEqual(sent, ['refresh-0', 'refresh-1']);
});

test('a refresh token that could not be stored is tried once more when the proxy ends, unless an operator was quicker', async t => {
  for (const quicker of [false, true]) {
    const here = await stand(t, (_, response) =>
      give(response, { access_token: 'token-1', refresh_token: 'refresh-1' }),
    );
    const rotate = here.vault.rotate.bind(here.vault);
    here.vault.rotate = () => {
      throw new Error('disk full');
    };
    await assert.rejects(take(here, here.permit()), { code: 'credential_unavailable' });
    here.vault.rotate = rotate;
    if (quicker) {
      const own = { client_id: 'x', token_url: 'https://auth.example.com/', refresh_token: 'of-the-operator' };
      rotate('api', Buffer.from(JSON.stringify(own)));
      here.exchange.keep();
    }
    await here.exchange.close();
    assert.match(here.vault.lease(here.permit(), hash).value.toString(), quicker ? /of-the-operator/ : /refresh-1/);
  }
});

test('gateways with the same secrets share one set of needles, and a token of others makes no new one', async t => {
  const here = await stand(t, (_, response) => give(response, { access_token: 'token-0123456789' }));
  const other = { client_id: 'x', token_url: 'https://auth.example.com/', refresh_token: 'another-0123456789' };
  const meta = { scheme: 'oauth2', connector: null, hosts: ['api.example.com'] } as const;
  here.vault.set({ ...meta, name: 'own', gateways: ['apart'] }, Buffer.from(JSON.stringify(other)));
  const before = here.exchange.needles('one');
  await take(here, here.permit('one'));
  const shown = Buffer.from('token-0123456789');
  assert.ok(!before.foundIn(shown) && here.exchange.needles('one').foundIn(shown));
  assert.equal(here.exchange.needles('one'), here.exchange.needles('two'));
  const set = here.exchange.needles('one');
  const apart = mint({ ...here.permit('apart').allowed, secret: 'own' }, Date.now());
  await take(here, apart);
  assert.equal(here.exchange.needles('one'), set);
  assert.ok(here.exchange.needles('apart').foundIn(shown));
  here.exchange.revoke({ kind: 'all' });
  assert.ok(!here.exchange.needles('one').foundIn(shown));
});

test('of the tokens of one secret those that are used stay, and together they are no longer than can be searched for', () => {
  const ended: string[] = [];
  const tokens = new Tokens(Date.now);
  const put = (key: string, length: number): Token =>
    tokens.put({
      ...{ id: key, key, secret: 'registry', version: 1, scheme: 'bearer', connector: null, seconds: 60 },
      value: Buffer.alloc(length, 'x'),
      over: () => void ended.push(key),
    });
  for (let i = 0; i < 9; i++) {
    put(`small-${i}`, 100);
    tokens.find('small-0');
  }
  assert.deepEqual(ended, ['small-1']);
  for (const key of ['big-1', 'big-2']) put(key, 8192);
  assert.deepEqual(
    tokens.of(() => true).map(({ key }) => key),
    ['big-1', 'big-2'],
  );
  assert.ok(ended.includes('small-0'));
  tokens.end(() => true);
});
