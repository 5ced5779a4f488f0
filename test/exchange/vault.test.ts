/** HashiCorp Vault and OpenBao: a stand-in that knows which tokens and leases it gave out, and which were given back. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { until } from '../faults/waiting.js';
import { send, startAgent } from '../http/agent.js';
import type { Received } from '../world.js';
import { openPlace, type Place, problem } from './place.js';

let place: Place;
let issued = 0;
const tokens = new Set<string>();
const leases = new Set<string>();
const stored = 'stored-in-vault-0123456789';
let made = 0;

function vault({ method, target, headers, body }: Received, response: ServerResponse): void {
  const send = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 ? '' : JSON.stringify(value));
  };
  const told = body.length > 0 ? (JSON.parse(body.toString()) as Record<string, string>) : {};
  if (target === '/v1/auth/approle/login' && method === 'POST') {
    if (told.role_id !== 'role-1' || told.secret_id !== 'secret-id-0123456789') return send(400, { errors: [told] });
    const token = `hvs.${++issued}`;
    tokens.add(token);
    return send(200, { auth: { client_token: token, lease_duration: 1200, renewable: true } });
  }
  const token = String(headers['x-vault-token']);
  if (!tokens.has(token)) return send(403, { errors: ['permission denied'] });
  if (target === '/v1/auth/token/revoke-self') {
    tokens.delete(token);
    return send(204, null);
  }
  if (target === '/v1/sys/leases/revoke') {
    leases.delete(told.lease_id ?? '');
    return send(204, null);
  }
  if (target === '/v1/secret/data/app') return send(200, { data: { data: { key: stored }, metadata: { version: 3 } } });
  if (target === '/v1/old/app') return send(200, { lease_id: '', lease_duration: 2_764_800, data: { key: stored } });
  if (target === '/v1/database/creds/app') {
    const lease = `database/creds/app/${++made}`;
    leases.add(lease);
    return send(200, { lease_id: lease, lease_duration: 2, data: { password: `made-${made}-0123456789` } });
  }
  send(404, { errors: [] });
}

const members = { address: 'https://vault.example.com', role_id: 'role-1', secret_id: 'secret-id-0123456789' };

before(async () => {
  const hosts = ['vault', 'two', 'one', 'dynamic', 'none'].map(name => `${name}.example.com`);
  place = await openPlace(
    {
      hosts,
      answer(request, response) {
        if (request.host === 'vault.example.com') return vault(request, response);
        response.end(`${JSON.stringify(request.headers)}\n`);
      },
    },
    'http.get',
  );
  const set = (name: string, scheme: string, more: object): Promise<void> =>
    place.set(name, { ...members, ...more }, '--scheme', scheme, '--host', `${name}.example.com`);
  await set('two', 'vault:bearer', { mount: 'secret', path: 'app', field: 'key', namespace: 'team' });
  await set('one', 'vault:header:X-Key', { path: 'old/app', field: 'key' });
  await set('dynamic', 'vault:bearer', { path: 'database/creds/app', field: 'password' });
  await set('none', 'vault:bearer', { path: 'secret/data/app', field: 'nothing' });
});
after(() => place.world.close());

test('a value of KV is used in its scheme, and the token that read it is revoked at once', async () => {
  const two = await place.ask('https://two.example.com/');
  assert.equal(two.status, 200, two.body);
  assert.equal(place.at('two.example.com')[0]!.headers.authorization, `Bearer ${stored}`);
  assert.ok(!two.body.includes(stored));
  assert.equal((await place.ask('https://one.example.com/')).status, 200);
  assert.equal(place.at('one.example.com')[0]!.headers['x-key'], stored);
  assert.equal(tokens.size, 0);
  const asked = place.at('vault.example.com').map(({ target }) => target);
  assert.deepEqual(asked.slice(0, 3), ['/v1/auth/approle/login', '/v1/secret/data/app', '/v1/auth/token/revoke-self']);
  const [login] = place.at('vault.example.com');
  assert.equal(login!.headers['x-vault-namespace'], 'team');
});

test('what Vault made for us is used until shortly before it ends, and is then taken back with its token', async () => {
  const printed = await place.curl('https://dynamic.example.com/[1-3]');
  const used = new Set(place.at('dynamic.example.com').map(({ headers }) => headers.authorization));
  assert.deepEqual([...used], ['Bearer made-1-0123456789'], printed);
  await until(() => leases.size === 0 && tokens.size === 0);
  const asked = place.at('vault.example.com').map(({ target }) => target);
  assert.deepEqual(asked.slice(-2), ['/v1/sys/leases/revoke', '/v1/auth/token/revoke-self']);
  const steps = (await place.entries())
    .filter(({ type, resource }) => type === 'action.decided' && (resource as { id: string }).id === 'dynamic')
    .map(({ action }) => (action as { parameters: { step: string } }).parameters.step);
  assert.deepEqual(steps, ['login', 'read', 'revoke', 'revoke']);
});

test('a field that is not there, and a login that is refused, are sentences, and leave no token behind', async () => {
  const missing = await place.ask('https://none.example.com/');
  const about = "The secret none can't be exchanged for a token: ";
  assert.equal(problem(missing).detail, `${about}what vault.example.com holds at its path has no such field, as text.`);
  assert.equal(tokens.size, 0);
  const input = JSON.stringify({ ...members, secret_id: 'wrong-0123456789', path: 'old/app', field: 'key' });
  await place.world.ok(['secret', 'rotate', 'none'], { input });
  const refused = await place.ask('https://none.example.com/');
  assert.equal(
    problem(refused).detail,
    `${about}vault.example.com does not accept role_id and secret_id (status 400).`,
  );
  assert.equal(place.at('none.example.com').length, 0);
});

test('when the proxy ends, nothing that it was lent is left', async () => {
  const agent = await startAgent(place.world, 'agent');
  const request = 'GET / HTTP/1.1\r\nHost: dynamic.example.com\r\n\r\n';
  assert.equal((await send(agent, request, { connect: 'dynamic.example.com:443' })).status, 200);
  assert.equal(leases.size, 1);
  await place.world.ok(['stop']);
  assert.equal(leases.size + tokens.size, 0);
  await agent.end();
});
