import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { entries } from '../faults/ledger.js';
import { type Agent, readAnswer } from '../http/agent.js';
import { filesBelow, openWorld, runProgram, type World } from '../world.js';
import { ask, bearer, issue, prepare, status } from './place.js';

let world: World;
let agent: Agent;
before(async () => {
  world = await openWorld();
  agent = await prepare(world);
});
after(() => world.close());

const task = ['--task', 'read one page'];

test('what a gateway may do and a grant covers passes under its token, and nothing else does', async () => {
  const { token, jti } = await issue(world, [...task, '--action', 'http.get', '--resource', 'host:upstream.test']);
  const holder = bearer(agent, token);
  assert.equal(await status(holder, 'GET'), 200);
  const refused = await ask(holder, 'POST');
  assert.equal(refused.status, 403);
  const { detail, code } = JSON.parse(refused.body) as { detail: string; code: string };
  assert.equal(code, 'denied');
  assert.match(
    detail,
    new RegExp(`${jti} for "read one page" covers http.get on host:upstream.test, and not http.post`),
  );
  // The run itself is as free as before.
  assert.equal(await status(agent, 'POST'), 200);
  const log = await world.ok(['logs', '--task', 'read one page', '--json']);
  const decided = log
    .trim()
    .split('\n')
    .map(
      line => JSON.parse(line) as { grant: { id: string }; run: string; decision: { effect: string; rule: string } },
    );
  assert.deepEqual(
    decided.map(({ decision }) => decision.effect),
    ['allow', 'deny'],
  );
  assert.equal(decided[1]!.decision.rule, `grant:${jti}`);
  assert.ok(decided.every(({ grant }) => grant.id === jti));
});

test('a grant never allows what its gateway may not do', async () => {
  const { token } = await issue(world, [...task, '--action', '*']);
  assert.equal(await status(bearer(agent, token), 'GET'), 200);
  await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'http.get', '--effect', 'deny']);
  assert.equal(await status(bearer(agent, token), 'GET'), 403);
  const rows = JSON.parse(await world.ok(['permissions', 'list', '--json'])) as { id: string; effect: string }[];
  await world.ok(['permissions', 'remove', rows.find(({ effect }) => effect === 'deny')!.id]);
});

test('a token is a JWT that another library verifies offline with the public key of its gateway', async () => {
  const { token, jti, exp } = await issue(world, [...task, '--action', 'http.get', '--ttl', '90s']);
  const keys = JSON.parse(await world.ok(['key', 'list', 'agent', '--json'])) as { id: string; public: string }[];
  const { kid, alg, typ } = decodeProtectedHeader(token);
  assert.deepEqual([alg, typ], ['EdDSA', 'grant+jwt']);
  const key = keys.find(({ id }) => id === kid)!;
  assert.equal(createPublicKey(key.public).asymmetricKeyType, 'ed25519');
  const { payload } = await jwtVerify(token, await importSPKI(key.public, 'EdDSA'), {
    subject: 'agent',
    typ: 'grant+jwt',
  });
  assert.match(payload.iss!, /^tollfence\.local\//);
  assert.deepEqual(
    { ...payload, iss: '', iat: 0 },
    { iss: '', iat: 0, sub: 'agent', jti, exp, task: 'read one page', actions: ['http.get'], resources: [] },
  );
  assert.ok(exp - payload.iat! >= 90 && exp - payload.iat! <= 91);
});

test('the token works as Basic, as Bearer, and as the key of an API at the base URL, also a long one', async () => {
  const many = Array.from({ length: 50 }, (_, i) => ['--action', `http.method_number_${i}_which_is_long`]).flat();
  const { token } = await issue(world, [...task, '--action', 'http.get', ...many.slice(2)]);
  assert.ok(token.length > 2_000);
  const holder = bearer(agent, token);
  assert.equal(await status(holder, 'GET', '/basic'), 200);
  const proxy = `http://agent:${token}@127.0.0.1:${agent.port}`;
  const options = ['-sS', '--proxy', proxy, '--cacert', agent.env.SSL_CERT_FILE!, 'https://upstream.test/curl'];
  assert.equal((JSON.parse((await runProgram('curl', options)).stdout) as { target: string }).target, '/curl');
  assert.equal(await status({ ...holder, authorization: `Bearer ${token}` }, 'GET', '/bearer'), 200);
  const socket = connect({ host: '127.0.0.1', port: agent.port });
  const answer = readAnswer(socket);
  socket.write(
    `GET /_/upstream.test/direct HTTP/1.1\r\nHost: 127.0.0.1:${agent.port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  assert.equal((await answer).status, 200);
  socket.destroy();
  const last = world.received.at(-1)!;
  assert.deepEqual([last.target, last.headers.authorization], ['/direct', undefined]);
});

test('all that is wrong with a grant is said at once, and nothing is issued', async () => {
  const { code, stderr } = await world.tf([
    ...['grant', 'issue', '--gateway', 'agent', '--ttl', '2d', '--action', 'http.*x', '--resource', 'noType/x'],
  ]);
  assert.equal(code, 2);
  for (const fault of [/task is missing/, /1s to 24h/, /`\*` must be a whole segment/, /does not begin with a type/])
    assert.match(stderr, fault);
  assert.equal((await world.tf(['grant', 'issue', '--gateway', 'nobody', ...task, '--action', '*'])).code, 4);
});

test('the log has who issued and who revoked it, the status shows those that live, and no file has a token', async () => {
  const { token, jti, grant } = await issue(world, [...task, '--action', 'http.get']);
  assert.match(await world.ok(['status']), new RegExp(`${jti} +agent`));
  assert.ok((JSON.parse(await world.ok(['grant', 'list', '--json'])) as { id: string }[]).some(({ id }) => id === jti));
  await world.ok(['grant', 'revoke', jti]);
  assert.doesNotMatch(await world.ok(['status']), new RegExp(jti));
  assert.equal((await world.tf(['grant', 'revoke', jti])).code, 1);
  assert.equal((await world.tf(['grant', 'revoke', 'gr_nothing'])).code, 4);
  const about = (await entries(world)).filter(entry => (entry.grant as { id?: string } | null)?.id === jti);
  assert.deepEqual(
    about.map(({ type }) => type),
    ['grant.issued', 'grant.revoked'],
  );
  assert.match(String(about[0]!.by), /\(pid \d+\)/);
  assert.equal(about[0]!.run, grant.acts_in);
  assert.ok(filesBelow(world.home).every(({ content }) => !content.includes(token.split('.')[2]!)));
});
