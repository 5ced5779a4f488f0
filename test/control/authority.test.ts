import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { type Agent, startAgent } from '../http/agent.js';
import { openWorld, tfProgram, type World } from '../world.js';

let world: World;
let agent: Agent;

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'inside']);
  await world.ok(['gateway', 'create', 'deployer']);
  await world.ok(['permissions', 'set', '--gateway', 'inside', '--action', 'github.pr.merge', '--effect', 'deny']);
  await world.ok(['secret', 'set', 'key', '--connector', 'stripe'], { input: 'sk_test_0123456789' });
  await world.ok(['kill', '--connector', 'slack']);
  agent = await startAgent(world, 'inside');
});
after(async () => {
  await agent?.end();
  await world.close();
});

/** Runs `tf` as the child of a run; `cleared`: with nothing of the run in its environment. */
const inside = (args: readonly string[], cleared: boolean, input = '') => {
  const bare = [
    'env',
    '-i',
    `PATH=${process.env.PATH}`,
    `TF_HOME=${world.home}`,
    `XDG_CONFIG_HOME=${join(world.dir, 'config')}`,
  ];
  return world.tf(['run', '--', 'inside', ...(cleared ? bare : []), process.execPath, tfProgram, ...args], { input });
};

/** Everything that makes things laxer. */
const laxer: readonly (readonly string[])[] = [
  ['resume', '--connector', 'slack'],
  ['kill-switch', '--deactivate', '--scope', 'connector:slack'],
  ['permissions', 'set', '--gateway', 'inside', '--action', 'github.*', '--effect', 'allow'],
  ['permissions', 'set', '--gateway', 'inside', '--action', 'github.*', '--effect', 'require_approval'],
  ['permissions', 'remove', 'perm_1'],
  ['gateway', 'create', 'wider'],
  ['secret', 'set', 'other', '--connector', 'github'],
  ['secret', 'rotate', 'key'],
  ['secret', 'remove', 'key'],
  ['approvals', 'approve', 'apr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C'],
];

for (const args of laxer) {
  for (const cleared of [false, true]) {
    test(`from inside a run${cleared ? ' whose environment was cleared' : ''}, tf ${args.join(' ')} is refused with 3 and recorded`, async () => {
      const before = (await entries(world)).filter(({ type }) => type === 'auth.rejected').length;
      const { code, stderr } = await inside(args, cleared, 'ghp_0123456789\n');
      assert.equal(code, 3, stderr);
      assert.match(stderr, /from inside a run/);
      const rejected = (await entries(world)).filter(({ type }) => type === 'auth.rejected');
      assert.ok(rejected.length > before);
      assert.match(String(rejected.at(-1)!.run), /^run_/);
    });
  }
}

test("the same is refused outside when the credential is wrong or can't be read", async () => {
  for (const args of laxer) {
    const { code, stderr } = await world.tf(args, { input: 'ghp_0123456789\n', env: { TF_OPERATOR_TOKEN: 'wrong' } });
    assert.equal(code, 3, `${args.join(' ')}: ${stderr}`);
  }
  assert.ok((await entries(world)).some(({ type, run }) => type === 'auth.rejected' && run === null));
});

test('nothing of all that has changed anything', async () => {
  assert.deepEqual((JSON.parse(await world.ok(['permissions', 'list', '--json'])) as unknown[]).length, 1);
  assert.deepEqual(
    (JSON.parse(await world.ok(['gateway', 'list', '--json'])) as { name: string }[]).map(({ name }) => name),
    ['deployer', 'inside'],
  );
  assert.equal((JSON.parse(await world.ok(['status', '--json'])) as { killed: unknown[] }).killed.length, 1);
});

for (const cleared of [false, true]) {
  test(`a run started inside a run${cleared ? ' whose environment was cleared' : ''} is refused: it could be a wider gateway`, async () => {
    const { code, stderr } = await inside(['run', '--', 'deployer', 'true'], cleared);
    assert.equal(code, 125, stderr);
    assert.match(stderr, /inside/);
  });
}

test('from inside a run one may deny and kill', async () => {
  const denied = await inside(
    ['permissions', 'set', '--gateway', 'inside', '--action', 'slack.*', '--effect', 'deny'],
    false,
  );
  assert.equal(denied.code, 0, denied.stderr);
  const killed = await inside(['kill', '--connector', 'stripe', '--reason', 'I saw something odd'], true);
  assert.equal(killed.code, 0, killed.stderr);
  assert.equal((JSON.parse(await world.ok(['status', '--json'])) as { killed: unknown[] }).killed.length, 2);
  await world.ok(['resume', '--connector', 'stripe']);
});

interface Said {
  readonly status: number;
  readonly text: string;
}

/** A call on the control socket without `tf`. */
const raw = (method: string, path: string, headers: Record<string, string>, body: unknown): Promise<Said> =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath: join(world.home, 'control.sock'), method, path, headers, agent: false },
      response => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          // An answer that goes on would be a run that was started.
          if (text.includes('"token"')) response.destroy();
        });
        response.once('close', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify(body));
  });

test("a raw client with the operator's token that lies about its process is refused", async () => {
  const token = readFileSync(join(world.home, 'operator.key'), 'utf8').trim();
  const challenge = async (): Promise<Record<string, string>> => {
    const { proof, ticket } = JSON.parse((await raw('POST', '/challenge', {}, {})).text) as Record<string, string>;
    return { 'tf-proof': proof!, 'tf-ticket': ticket! };
  };
  const lies: Record<string, string>[] = [
    {},
    { 'tf-pid': '1' },
    { 'tf-pid': String(process.pid) },
    { 'tf-pid': String(process.pid), ...(await challenge()) },
    { 'tf-pid': String(agent.child.pid), ...(await challenge()) },
    { 'tf-pid': String(process.pid), 'tf-proof': join(world.home, 'operator.key') },
    { 'tf-pid': String(process.pid), 'tf-proof': '../../etc/passwd' },
  ];
  for (const lie of lies) {
    for (const [method, path, body] of [
      ['POST', '/resume', { connector: 'slack' }],
      ['POST', '/gateways', { name: 'wider' }],
      ['PUT', '/policy', {}],
    ] as const) {
      const said = await raw(method, path, { authorization: `Bearer ${token}`, ...lie }, body);
      assert.equal(said.status, 403, `${path} with ${JSON.stringify(lie)}: ${said.text}`);
    }
    const run = await raw('POST', '/runs', { authorization: `Bearer ${token}`, ...lie }, { gateway: 'deployer' });
    assert.equal(run.status, 403, `a run with ${JSON.stringify(lie)}: ${run.text}`);
  }
});

test("the token of a run does not make its holder the run's supervisor", async () => {
  const attached = await raw('POST', '/runs/attach', {}, { token: agent.token, supervisor: agent.token });
  assert.equal(attached.status, 404, attached.text);
  const child = await raw(
    'POST',
    `/runs/${agent.env.TF_RUN}/child`,
    {},
    { token: agent.token, supervisor: agent.token, pid: 1 },
  );
  assert.equal(child.status, 404, child.text);
});

test("neither the supervisor's secret nor the operator's token is in what the agent gets", () => {
  const token = readFileSync(join(world.home, 'operator.key'), 'utf8').trim();
  assert.ok(!JSON.stringify(agent.env).includes(token));
  assert.ok(Object.keys(agent.env).every(name => !/supervisor/i.test(name)));
});

test('TF_HOME may be reached through a symbolic link', async () => {
  const { symlinkSync } = await import('node:fs');
  const real = join(world.dir, 'real');
  mkdirSync(real, { mode: 0o700 });
  writeFileSync(join(real, 'config.yaml'), '');
  const link = join(world.dir, 'link');
  symlinkSync(real, link);
  try {
    await world.ok(['gateway', 'create', 'linked'], { env: { TF_HOME: link } });
  } finally {
    await world.ok(['stop'], { env: { TF_HOME: link } });
  }
});
