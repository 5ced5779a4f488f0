/** Who a run is: found out when it starts, signed by the proxy, in every entry, and in the policy's question. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import jcs from 'canonicalize';
import { type Entry, entries } from '../faults/ledger.js';
import { until } from '../faults/waiting.js';
import { send, startAgent } from '../http/agent.js';
import { client, forge, type Key, makeKey, openIssuer, signIn, type Visit } from '../identity/issuer.js';
import { openWorld, type World } from '../world.js';

/** Not our own writer: whoever checks a signature has another one. */
const canonical = jcs as unknown as (value: unknown) => string;
const issuer = 'https://id.test';
const actions = 'https://token.actions.test';
const account = { sub: 'ada', claims: { email: 'ada@example.com', groups: ['engineering', 'on-call'] } };
const program = 'process.stdout.write(process.env.TF_ID_TOKEN ?? "none")';

let world: World;
let key: Key;
/** What GitHub gives to the job of a test. */
let jobToken = '';

before(async () => {
  key = await makeKey();
  const providers: Record<string, ReturnType<typeof openIssuer>> = {
    'id.test': openIssuer(issuer, key, account),
    'token.actions.test': openIssuer(actions, key, account),
  };
  world = await openWorld({
    hosts: ['upstream.test', ...Object.keys(providers)],
    intercept(incoming, response) {
      if (incoming.url?.startsWith('/job?') === true) {
        const asked = new URL(incoming.url, 'https://job').searchParams.get('audience');
        const known = incoming.headers.authorization === 'Bearer of-the-job';
        response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ value: asked === 'tollfence' ? jobToken : null }));
        return true;
      }
      const provider = providers[incoming.headers.host ?? ''];
      provider?.(incoming, response);
      return provider !== undefined;
    },
    config: `oidc:
  - {issuer: "${issuer}", audience: ${client}, roles: {approver: [on-call]}}
  - {issuer: "${actions}", audience: tollfence, identifies: github-actions}
`,
  });
  await world.ok(['gateway', 'create', 'agent']);
});
after(() => world.close());

/** Asks the provider as a browser would. */
const visit: Visit = (path, cookie) =>
  new Promise((resolve, reject) => {
    const asked = request(
      {
        ...{ host: '127.0.0.1', port: world.upstreamPort, servername: 'id.test', path, agent: false },
        headers: { host: 'id.test', cookie },
        ca: readFileSync(world.caFile),
      },
      answer => {
        answer.resume();
        resolve({ location: answer.headers.location ?? '', cookies: answer.headers['set-cookie'] ?? [] });
      },
    );
    asked.once('error', reject);
    asked.end();
  });

interface Shown {
  readonly run: string;
  readonly boundary: string;
  readonly subject: Record<string, unknown> & {
    readonly user: Record<string, unknown>;
    readonly agent: Record<string, unknown>;
    readonly workload: Record<string, unknown>;
    readonly signature: { readonly key: string; readonly value: string };
  };
}

/** Starts a run of a script of our own; what was shown of it, and what the agent printed. */
async function shown(more: readonly string[], env: Record<string, string> = {}) {
  const script = join(world.dir, 'agent.mjs');
  writeFileSync(script, program);
  const file = join(world.dir, 'subject.json');
  const args = ['run', '--name', 'agent', '--json-file', file, ...more, '--', process.execPath, script];
  const { code, stdout, stderr } = await world.tf(args, { env });
  assert.equal(code, 0, stderr);
  return { ...(JSON.parse(readFileSync(file, 'utf8')) as Shown), stdout, script };
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const of = (all: readonly Entry[], run: string, type: string): Entry =>
  all.find(entry => entry.run === run && entry.type === type)!;

test('a run is shown with its account, its program, its script and its place, and the agent sees nothing of it', async () => {
  const { subject, boundary, script, stdout } = await shown(['--agent-name', 'researcher', '--agent-version', '1.2']);
  assert.equal(stdout, 'none');
  assert.equal(boundary, 'cooperative');
  assert.deepEqual(subject.agent, {
    name: 'researcher',
    version: '1.2',
    executable_sha256: sha256(process.execPath),
    script_sha256: sha256(script),
  });
  const { code, stdout: out, stderr } = await world.tf(['run', '--json', '--', 'agent', 'true']);
  assert.deepEqual([code, out, (JSON.parse(stderr) as Shown).subject.agent.name], [0, '', 'true']);
  const { host, cwd, pid, executable_sha256 } = subject.workload;
  assert.equal(executable_sha256, sha256(process.execPath));
  assert.deepEqual([typeof host, cwd, typeof pid], ['string', process.cwd(), 'number']);
});

test('the subject that is shown is the one in every entry, and its signature is that of the key in the log', async () => {
  const { run, subject } = await shown([]);
  const all = await entries(world);
  assert.deepEqual(of(all, run, 'run.started').subject, subject);
  assert.deepEqual(of(all, run, 'action.decided').subject, subject);
  const made = all.find(({ type, gateway }) => type === 'key.created' && gateway === 'agent')!;
  const { id, public: pem } = made.key as { id: string; public: string };
  assert.equal(subject.signature.key, id);
  const { signature, ...said } = subject;
  const bytes = (what: object): Buffer => Buffer.from(canonical(what));
  const value = Buffer.from(signature.value, 'base64url');
  const verified = JSON.parse(await world.ok(['audit', 'verify', '--json'])) as { subjects: number };
  assert.ok(verified.subjects >= 2);
  assert.ok(verify(null, bytes(said), createPublicKey(pem), value));
  assert.ok(!verify(null, bytes({ ...said, user: { sub: 'mallory' } }), createPublicKey(pem), value));
});

test('a run for whoever an ID token names is theirs in question and log; the token is nowhere', async () => {
  const token = await signIn(visit);
  const file = join(world.dir, 'token');
  writeFileSync(file, `${token}\n`);
  for (const [more, env] of [
    [['--as-token-file', file, '--nonce', 'the-nonce'], {}],
    [['--keep-env', 'TF_ID_TOKEN'], { TF_ID_TOKEN: token }],
  ] as const) {
    const { run, subject, stdout } = await shown(more, env);
    assert.equal(stdout, 'none');
    const { expires_at, ...user } = subject.user;
    assert.ok(Date.parse(String(expires_at)) > Date.now());
    assert.deepEqual(user, {
      sub: 'ada',
      issuer,
      email: 'ada@example.com',
      groups: ['engineering', 'on-call'],
      roles: ['approver'],
    });
    const all = await entries(world);
    assert.deepEqual(of(all, run, 'run.started').verified, [
      { issuer, audience: client, algorithm: 'RS256', key: key.kid },
    ]);
    assert.ok(all.some(({ action }) => (action as { name?: string } | null)?.name === 'oidc.keys'));
    const [head = '', , signature = ''] = token.split('.');
    assert.ok(!JSON.stringify(all).includes(signature) && !JSON.stringify(all).includes(head));
    assert.ok(!readFileSync(join(world.home, 'state.db'), 'latin1').includes(signature));
  }
});

test('a run with a token that is not good is not started, and nothing is said of the token', async () => {
  const seconds = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuer, aud: client, sub: 'ada', iat: seconds - 900, exp: seconds - 300 };
  const token = await forge(key, claims);
  const ran = await world.tf(['run', '--', 'agent', 'true'], { env: { TF_ID_TOKEN: token } });
  assert.equal(ran.code, 125);
  assert.match(ran.stderr, /The token was refused: it has expired/);
  assert.ok(!ran.stderr.includes(token.split('.')[2]!));
  const missing = await world.tf(['run', '--as-token-file', join(world.dir, 'nothing'), '--', 'agent', 'true']);
  assert.equal(missing.code, 125);
  assert.match(missing.stderr, /can't be read \(ENOENT\)/);
});

test('a run ends with the ID token of its user: what comes after is void, and says so', async () => {
  const seconds = Math.floor(Date.now() / 1_000);
  const file = join(world.dir, 'brief');
  writeFileSync(file, await forge(key, { iss: issuer, aud: client, sub: 'ada', iat: seconds, exp: seconds + 4 }));
  const agent = await startAgent(world, 'agent', ['--as-token-file', file]);
  const ask = () => send(agent, 'GET / HTTP/1.1\r\nHost: upstream.test\r\nConnection: close\r\n\r\n', at);
  const at = { connect: 'upstream.test:443' };
  assert.match((await ask()).body, /"code":"denied"/);
  await until(async () => !(await ask()).body.includes('"code":"denied"'));
  const { status, body } = await ask();
  assert.equal(status, 403);
  assert.match(body, /"code":"binding_void"/);
  assert.match(body, /The ID token of ada, for whom this run is, ended at/);
  await agent.end();
});

test('the policy is asked about the roles of the user', async () => {
  const rego = join(world.dir, 'roles.rego');
  writeFileSync(
    rego,
    `package tollfence
import rego.v1
default decision := {"effect": "deny", "rule": "default", "reason": "nobody's"}
decision := {"effect": "allow", "rule": "role", "reason": "an approver's"} if {
  "approver" in input.subject.user.roles
  input.action.name == "http.get"
}
`,
  );
  await world.ok(['policy', 'activate', rego]);
  try {
    const curl = ['curl', '-s', '-o', join(world.dir, 'answer'), '-w', '%{http_code}', 'https://upstream.test/'];
    const { stdout } = await world.tf(['run', '--', 'agent', ...curl], { env: { TF_ID_TOKEN: await signIn(visit) } });
    assert.equal(stdout, '200');
    assert.equal((await world.tf(['run', '--', 'agent', ...curl])).stdout, '403');
  } finally {
    await world.ok(['policy', 'activate', '--default']);
  }
});

test("a workload's token is reduced to what it says of the workload; one that is not good stops the run", async () => {
  const seconds = Math.floor(Date.now() / 1_000);
  const claims = { iss: actions, sub: 'repo:acme/site:ref:refs/heads/main', iat: seconds, exp: seconds + 300 };
  const said = { repository: 'acme/site', ref: 'refs/heads/main', sha: 'a'.repeat(40), run_id: '7', secret: 'no' };
  const file = join(world.dir, 'attestation');
  writeFileSync(file, await forge(key, { ...claims, ...said, aud: 'tollfence' }));
  const { subject } = await shown(['--attestation-file', file]);
  const { secret: _, ...kept } = said;
  assert.deepEqual(subject.workload.attestations, [
    { kind: 'github-actions', issuer: actions, sub: claims.sub, ...kept },
  ]);
  writeFileSync(file, await forge(key, { ...claims, aud: 'another' }));
  const ran = await world.tf(['run', '--attestation-file', file, '--', 'agent', 'true']);
  assert.equal(ran.code, 125);
  assert.match(ran.stderr, /another audience/);
});

test('a job of GitHub Actions is known by the token that it gets for itself; one that is not good is left out, and why is said', async () => {
  const seconds = Math.floor(Date.now() / 1_000);
  const claims = { iss: actions, sub: 'repo:acme/site:environment:prod', iat: seconds, exp: seconds + 300 };
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `https://localhost:${world.upstreamPort}/job?version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job',
    NODE_EXTRA_CA_CERTS: world.caFile,
  };
  jobToken = await forge(key, { ...claims, aud: 'tollfence', repository: 'acme/site' });
  const { subject } = await shown([], env);
  const [attested, ...more] = subject.workload.attestations as { repository: string }[];
  assert.deepEqual([attested?.repository, more], ['acme/site', []]);
  jobToken = await forge(key, { ...claims, aud: 'somebody-else' });
  const { run, subject: bare } = await shown([], env);
  assert.equal(bare.workload.attestations, undefined);
  const started = of(await entries(world), run, 'run.started');
  assert.deepEqual(started.unverified, ['The token was refused: it is for another audience.']);
});
