/** GitHub Apps and Google service accounts, against stand-ins that verify the signature and the claims by themselves. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import type { Received } from '../world.js';
import { basicOf, openPlace, type Place } from './place.js';

let place: Place;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (type: 'pkcs1' | 'pkcs8'): string => privateKey.export({ type, format: 'pem' }).toString();
const installationToken = 'ghs_installation0123456789abcdef';
const googleToken = 'ya29.google-0123456789';

const part = (text = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;

/** The claims of a token that is signed with our key, by RS256, and in force. */
function claimsOf(jwt: string): Record<string, unknown> {
  const [head, body, signature = ''] = jwt.split('.');
  assert.equal(part(head).alg, 'RS256');
  assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url')));
  const claims = part(body);
  const now = Date.now() / 1000;
  assert.ok(Number(claims.iat) <= now && Number(claims.exp) > now);
  return claims;
}

function answer(request: Received, response: ServerResponse): void {
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  try {
    if (request.target === '/app/installations/42/access_tokens') {
      const claims = claimsOf(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')![1]!);
      assert.equal(request.method, 'POST');
      assert.equal(claims.iss, '1234');
      assert.ok(Number(claims.exp) - Number(claims.iat) <= 600, 'GitHub takes ten minutes at most');
      return send(201, { token: installationToken, expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    }
    if (request.host === 'oauth2.googleapis.com') {
      const asked = new URLSearchParams(request.body.toString());
      assert.equal(asked.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
      const claims = claimsOf(asked.get('assertion')!);
      assert.deepEqual(
        [claims.iss, claims.aud, claims.scope, claims.sub],
        ['robot@p.iam.gserviceaccount.com', 'https://oauth2.googleapis.com/token', 'a b', 'boss@example.com'],
      );
      assert.equal(part(asked.get('assertion')!.split('.')[0]).kid, 'key-1');
      return send(200, { access_token: googleToken, token_type: 'Bearer', expires_in: 3599 });
    }
  } catch (error) {
    return send(401, { message: String(error) });
  }
  send(200, { got: request.headers.authorization });
}

before(async () => {
  const hosts = ['api.github.com', 'github.com', 'oauth2.googleapis.com', 'www.googleapis.com'];
  place = await openPlace({ hosts, answer }, 'github.*', 'google.drive.*');
  const app = { app_id: '1234', installation_id: '42', private_key: pem('pkcs1') };
  await place.set('app', app, '--connector', 'github', '--scheme', 'github-app');
  await place.set(
    'google',
    {
      ...{ type: 'service_account', client_email: 'robot@p.iam.gserviceaccount.com', private_key_id: 'key-1' },
      ...{ private_key: pem('pkcs8'), token_uri: 'https://oauth2.googleapis.com/token' },
      ...{ scopes: ['a', 'b'], subject: 'boss@example.com' },
    },
    ...['--scheme', 'google', '--connector', 'google'],
  );
});
after(() => place.world.close());

test("a GitHub App's installation token goes to the API as bearer and to git as basic", async () => {
  const urls = [
    'https://api.github.com/repos/acme/site/issues',
    'https://github.com/acme/site.git/info/refs?service=git-upload-pack',
  ];
  const printed = await place.curl('-w', '%{http_code}\n', ...urls);
  assert.deepEqual(printed.match(/\d{3}$/gm), ['200', '200'], printed);
  assert.ok(!printed.includes(installationToken), 'what repeats it is scrubbed');
  const requests = place.world.received.map(({ host, target }) => host + target);
  assert.equal(requests.filter(target => target.endsWith('/access_tokens')).length, 1);
  assert.equal(place.at('api.github.com').at(-1)!.headers.authorization, `Bearer ${installationToken}`);
  const git = place.at('github.com')[0]!.headers.authorization;
  assert.equal(basicOf(git), `x-access-token:${installationToken}`);
  assert.ok(!printed.includes(git!.slice(6)));
});

test('a Google service account becomes a token with its scopes, for the person whom it may act for', async () => {
  const answer = await place.ask('https://www.googleapis.com/drive/v3/files');
  assert.equal(answer.status, 200, answer.body);
  assert.equal(place.at('www.googleapis.com')[0]!.headers.authorization, `Bearer ${googleToken}`);
  assert.ok(!answer.body.includes(googleToken));
});

test('a key that is none is a sentence that does not quote it, and the one before stays', async () => {
  const bad = { app_id: '1', installation_id: '42', private_key: '-----BEGIN RSA PRIVATE KEY-----\nnotakey0123\n' };
  const ran = await place.world.tf(['secret', 'rotate', 'app'], { input: JSON.stringify(bad) });
  assert.notEqual(ran.code, 0);
  assert.match(
    ran.stderr,
    /the member private_key is not an RSA key of 2048 bits or more in PEM, without a passphrase/,
  );
  assert.ok(!ran.stderr.includes('notakey'));
  assert.equal((await place.ask('https://api.github.com/repos/acme/site/issues')).status, 200);
});
