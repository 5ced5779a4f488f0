/** A run for whoever an ID token names: what is open under it ends with that token, and what keeps it from starting is said once. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { all, endless, occupy } from '../grants/occupied.js';
import { startAgent } from '../http/agent.js';
import { client, forge, type Key, makeKey, openIssuer } from '../identity/issuer.js';
import { openWorld, tfProgram, type World } from '../world.js';

const issuer = 'https://id.test';
/** One that nobody can reach. */
const away = 'https://away.test';
const upstream = endless();

let world: World;
let key: Key;

before(async () => {
  key = await makeKey();
  const provider = openIssuer(issuer, key, { sub: 'ada', claims: {} });
  world = await openWorld({
    hosts: ['upstream.test', 'id.test', 'away.test'],
    intercept(request, response) {
      if (request.headers.host === 'away.test') {
        response.writeHead(503).end();
        return true;
      }
      if (request.headers.host !== 'id.test') return upstream.intercept(request, response);
      provider(request, response);
      return true;
    },
    config: `oidc: [{issuer: "${issuer}", audience: ${client}}, {issuer: "${away}", audience: ${client}}]\n`,
  });
  await world.ok(['gateway', 'create', 'agent']);
  for (const action of ['http.*', 'gateway.spawn'])
    await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', action, '--effect', 'allow']);
});
after(() => world.close());

/** A token for so many seconds, in a file. */
async function tokenFor(seconds: number, iss = issuer): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const file = join(world.dir, `token-${seconds}`);
  writeFileSync(file, await forge(key, { iss, aud: client, sub: 'ada', iat: now, exp: now + seconds }));
  return file;
}

test('what a run has open ends with the ID token of its user, although it asks for nothing more', async () => {
  const agent = await startAgent(world, 'agent', ['--as-token-file', await tokenFor(5)]);
  const sockets = await occupy(agent);
  await Promise.all([all(sockets), all(upstream.open)]);
  const voids = (await entries(world)).filter(({ decision }) => decision?.rule === 'binding');
  assert.deepEqual(
    voids.map(({ run }) => run),
    [agent.env.TF_RUN],
  );
  assert.match(JSON.stringify(voids[0]!.decision), /The ID token of ada, for whom this run is, ended at/);
  await agent.end();
});

test('an issuer that can not be asked is asked once, and the run is not started', async () => {
  const file = await tokenFor(60, away);
  const ran = await world.tf(['run', '--as-token-file', file, '--', 'agent', 'true']);
  assert.equal(ran.code, 125);
  assert.match(ran.stderr, /^error: The keys of https:\/\/away\.test can't be had: away\.test answered 503\.\n {2}\S/);
  const asked = (await entries(world)).filter(
    ({ resource }) => (resource as { id?: string } | null)?.id === 'away.test',
  );
  assert.equal(asked.length, 1);
});

test('a nonce that is to be checked is not left unchecked for want of a token', async () => {
  const ran = await world.tf(['run', '--nonce', 'mine', '--', 'agent', 'true'], { env: { TF_ID_TOKEN: '' } });
  assert.equal(ran.code, 125);
  assert.match(ran.stderr, /no ID token/);
  const empty = await world.tf(['run', '--nonce', '', '--as-token-file', await tokenFor(60), '--', 'agent', 'true']);
  assert.equal(empty.code, 125);
  assert.match(empty.stderr, /its nonce is not the one/);
});

test('a file whose name is missing is no file, and the run is not started for somebody else', async () => {
  for (const option of ['--as-token-file', '--attestation-file']) {
    const ran = await world.tf(['run', option, '', '--', 'agent', 'true']);
    assert.equal(ran.code, 125, option);
    assert.match(ran.stderr, /can't be read \(ENOENT\)/);
  }
});

test('a sub-agent whose parent has ended is told so once', { skip: process.platform !== 'linux' }, async () => {
  const [said, pid] = ['said', 'pid'].map(name => join(world.dir, name)) as [string, string];
  const sub = `"${process.execPath}" "${tfProgram}" run --name agent -- sh -c 'echo $$ > "${pid}"; exec sleep 60'`;
  const parent = world.start(['run', '--name', 'agent', '--', 'sh', '-c', `${sub} 2> "${said}" & cat`]);
  await until(() => existsSync(pid) && readFileSync(pid, 'utf8').endsWith('\n'));
  parent.kill('SIGKILL');
  await until(() => readFileSync(said, 'utf8').includes('Start the run again.'));
  parent.stdin!.end();
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');
  assert.equal(readFileSync(said, 'utf8').split('The run that this one was started from has ended').length, 2);
});
