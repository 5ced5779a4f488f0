/** OAuth 2 against a token server that gives each refresh token out once, and an API that takes only what that server gave. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Received } from '../world.js';
import { filesBelow } from '../world.js';
import { basicOf, openPlace, type Place } from './place.js';

let place: Place;
let refresh = 'refresh-0123456789-1';
let rotates = false;
let seconds = 3600;
let issued = 0;
const valid = new Set<string>();
const clientSecret = 'client/secret+0123456789';

const send = (response: ServerResponse, status: number, body: unknown, fields = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...fields });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

const newToken = (): string => {
  const token = `access-0123456789-${++issued}`;
  valid.add(token);
  return token;
};

function tokenServer(request: Received, response: ServerResponse): void {
  const asked = new URLSearchParams(request.body.toString());
  if (asked.get('grant_type') === 'client_credentials') {
    const told = request.headers.authorization === undefined;
    const who = told
      ? `${asked.get('client_id')}:${asked.get('client_secret')}`
      : basicOf(request.headers.authorization);
    const encoded = told ? clientSecret : encodeURIComponent(clientSecret);
    if (who !== `machine:${encoded}`) return send(response, 401, { error: 'invalid_client' });
    return send(response, 200, { access_token: newToken(), token_type: 'Bearer', expires_in: 600 });
  }
  if (asked.get('grant_type') !== 'refresh_token' || asked.get('refresh_token') !== refresh)
    return send(response, 400, { error: 'invalid_grant' });
  if (rotates) refresh = `refresh-0123456789-${issued + 2}`;
  send(response, 200, {
    ...{ access_token: newToken(), token_type: 'bearer', expires_in: seconds },
    ...(rotates && { refresh_token: refresh }),
  });
}

before(async () => {
  const hosts = ['auth', 'api', 'post', 'basic'].map(name => `${name}.example.com`);
  place = await openPlace(
    {
      hosts,
      answer(request, response) {
        if (request.host === 'auth.example.com') return tokenServer(request, response);
        if (request.target === '/revoke') valid.clear();
        const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
        send(response, valid.has(token) ? 200 : 401, { target: request.target, got: request.headers.authorization });
      },
    },
    'http.get',
  );
  await place.set(
    'api',
    { client_id: 'agent-app', token_url: 'https://auth.example.com/token', refresh_token: refresh, scopes: ['a', 'b'] },
    ...['--scheme', 'oauth2', '--host', 'api.example.com'],
  );
});
after(() => place.world.close());

const exchanges = (): Received[] => place.at('auth.example.com');

test('a hundred requests at once make one exchange, and all go out with its token, which the agent does not see', async () => {
  const printed = await place.curl(
    '-Z',
    '--parallel-max',
    '100',
    '-w',
    '%{http_code}\\n',
    'https://api.example.com/[1-100]',
  );
  assert.equal(printed.match(/^.*200$/gm)?.length, 100, printed.slice(0, 2000));
  assert.equal(exchanges().length, 1);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(exchanges()[0]!.body.toString())), {
    ...{ grant_type: 'refresh_token', refresh_token: 'refresh-0123456789-1', scope: 'a b', client_id: 'agent-app' },
  });
  assert.equal(place.at('api.example.com').length, 100);
  assert.ok(place.at('api.example.com').every(({ headers }) => headers.authorization === 'Bearer access-0123456789-1'));
  // The API repeats what it was sent.
  assert.ok(!printed.includes('access-0123456789'));
});

test('each exchange is recorded before it is sent, with the host it went to and without a secret', async () => {
  const entries = await place.entries();
  const decided = entries.find(({ action }) => (action as { name?: string } | null)?.name === 'credential.exchange')!;
  const { action, resource, request, decision } = decided as Record<string, Record<string, unknown>>;
  assert.deepEqual(action!.parameters, { step: 'token', scheme: 'oauth2' });
  assert.deepEqual(resource, { type: 'secret', id: 'api' });
  assert.deepEqual([request!.host, request!.path, decision!.effect], ['auth.example.com', '/token', 'allow']);
  const about = entries.filter(({ decided: id }) => id === decided.id).map(({ type }) => type);
  assert.deepEqual(about.sort(), ['action.completed', 'credential.leased']);
  for (const { path, content } of filesBelow(place.world.home))
    for (const secret of ['refresh-0123456789', 'access-0123456789'])
      assert.ok(!content.includes(secret), `${secret} in ${path}`);
});

test('a token that the API refuses is dropped: the next request has another, and none is sent twice', async () => {
  const before = exchanges().length;
  const urls = ['first', 'revoke', 'again'].map(path => `https://api.example.com/${path}`);
  const printed = await place.curl('-w', '%{http_code}\n', ...urls);
  assert.deepEqual(printed.match(/\d{3}$/gm), ['200', '401', '200']);
  assert.equal(place.at('api.example.com').filter(({ target }) => target === '/revoke').length, 1);
  assert.equal(exchanges().length, before + 2);
});

test('a token that is about to end is replaced, and a refresh token that the server replaces is stored before it is used', async () => {
  rotates = true;
  seconds = 1;
  await place.world.ok(['secret', 'rotate', 'api'], {
    input: JSON.stringify({
      client_id: 'agent-app',
      token_url: 'https://auth.example.com/token',
      refresh_token: refresh,
    }),
  });
  const first = refresh;
  assert.equal((await place.ask('https://api.example.com/one')).status, 200);
  const second = refresh;
  assert.notEqual(second, first);
  await wait(1_000);
  assert.equal((await place.ask('https://api.example.com/two')).status, 200);
  const used = exchanges().map(({ body }) => new URLSearchParams(body.toString()).get('refresh_token'));
  assert.deepEqual(used.slice(-2), [first, second], 'each is sent once');
  const rotated = (await place.entries()).filter(({ type, by }) => type === 'credential.rotated' && by === 'exchange');
  assert.equal(rotated.length, 2);
});

test('client credentials go to the server as it wants them', async () => {
  const members = { client_id: 'machine', client_secret: clientSecret, token_url: 'https://auth.example.com/token' };
  await place.set(
    'basic',
    { ...members, audience: 'https://api' },
    '--scheme',
    'oauth2',
    '--host',
    'basic.example.com',
  );
  await place.set('post', { ...members, client_auth: 'post' }, '--scheme', 'oauth2', '--host', 'post.example.com');
  for (const name of ['basic', 'post']) assert.equal((await place.ask(`https://${name}.example.com/`)).status, 200);
  const [first, second] = exchanges().slice(-2);
  assert.equal(new URLSearchParams(first!.body.toString()).get('audience'), 'https://api');
  assert.ok(!first!.body.includes('client_secret'));
  assert.equal(second!.headers.authorization, undefined);
});

test('a killed gateway causes no exchange', async () => {
  await place.world.ok(['kill', 'agent', '--reason', 'test']);
  const before = place.at('auth.example.com').length;
  assert.notEqual((await place.ask('https://basic.example.com/')).status, 200);
  assert.equal(place.at('auth.example.com').length, before);
  await place.world.ok(['resume', 'agent']);
  assert.equal((await place.ask('https://basic.example.com/')).status, 200);
  assert.equal(place.at('auth.example.com').length, before + 1);
});

test('a secret whose token server is not reached over HTTPS is not stored', async () => {
  const members = { client_id: 'x', client_secret: 'y', token_url: 'http://auth.example.com/token' };
  const ran = await place.world.tf(['secret', 'set', 'plain', '--scheme', 'oauth2', '--host', 'api.example.com'], {
    input: JSON.stringify(members),
  });
  assert.notEqual(ran.code, 0);
  assert.match(ran.stderr, /the member token_url is not an https URL/);
});
