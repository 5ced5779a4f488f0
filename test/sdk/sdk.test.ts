/** The SDK: bind, issue and guard, as a program inside a run uses them. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gateOf } from '../../src/sdk/call.js';
import { entries } from '../faults/ledger.js';
import { repository } from '../imports.js';
import { openWorld, type Ran, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld({ config: 'workers: 2\napprovals: {hold: 200ms}' });
  mkdirSync(join(world.dir, 'node_modules'));
  symlinkSync(repository, join(world.dir, 'node_modules', 'tollfence'));
  for (const name of ['agent', 'billing-agent']) await world.ok(['gateway', 'create', name]);
  const set = (gateway: string, action: string, effect: string, more: readonly string[] = []): Promise<string> =>
    world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', effect, ...more]);
  await set('agent', 'github.issue.*', 'allow', ['--resource', 'repo:acme/*']);
  await set('agent', 'billing.*', 'allow', ['--where', 'amount <= 100']);
  await set('agent', 'billing.close', 'require_approval');
  await set('billing-agent', 'billing.refund', 'allow');
});
after(() => world.close());

/** Runs a program that has the SDK's functions, and `say`, which prints JSON. */
async function agent(text: string, gateway = 'agent'): Promise<readonly unknown[]> {
  const file = join(world.dir, `agent-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs';\nimport { bind, guard, issue, Refused } from 'tollfence';\nconst say = value => console.log(JSON.stringify(value));\n${text}\n`,
  );
  const ran = await world.tf(['run', '--', gateway, process.execPath, file]);
  assert.equal(ran.code, 0, ran.stderr);
  return lines(ran);
}
const lines = ({ stdout }: Ran): unknown[] =>
  stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as unknown);

type Entry = Awaited<ReturnType<typeof entries>>[number] & Record<string, unknown>;
const entry = async (id: unknown): Promise<Entry> => {
  const found = (await entries(world)).find(each => each.id === id);
  assert.ok(found !== undefined, String(id));
  return found as Entry;
};

test('bind, issue and guard have the shapes that are promised', async () => {
  const [binding, grant, done] = (await agent(`
    say(await bind());
    const grant = await issue({ task: 't', actions: ['billing.refund'], resources: ['order:1'], ttl: '5m' });
    say({ ...grant, token: grant.token.split('.').length });
    say(await guard(grant, { action: 'billing.refund', resource: 'order:1', parameters: { amount: 5 } }, id => id.slice(0, 3)));
  `)) as [Record<string, string>, Record<string, unknown>, Record<string, string>];
  assert.deepEqual(Object.keys(binding), ['principalId', 'boundAt', 'expiresAt']);
  assert.match(binding.principalId!, /^agent\/run_/);
  assert.ok(Date.parse(binding.boundAt!) > 0);
  assert.deepEqual(Object.keys(grant), ['token', 'exp', 'jti']);
  assert.equal(grant.token, 3);
  assert.match(String(grant.jti), /^gr_/);
  assert.ok(Math.abs(Number(grant.exp) - Date.now() / 1000 - 300) < 120);
  assert.deepEqual(Object.keys(done), ['evidenceId', 'value']);
  assert.equal(done.value, 'ev_');
});

test('guard gives the same decision and the same entry as a request through the proxy that does the same', async () => {
  const said = await agent(`
    const grant = await issue({ task: 'triage', actions: ['github.*'], ttl: '5m' });
    const deed = repo => ({ action: 'github.issue.get', resource: 'repo:' + repo, access: 'read', parameters: { number: 7 } });
    for (const repo of ['acme/site', 'evil/site']) {
      const sent = await fetch(process.env.TF_BASE_URL + '/api.github.com/repos/' + repo + '/issues/7', { headers: { authorization: 'Bearer ' + grant.token } });
      say(sent.headers.get('tf-evidence-id'));
      say(await guard(grant, deed(repo), () => 1).then(({ evidenceId }) => evidenceId, error => error.evidenceId));
    }
  `);
  const all = await entries(world);
  const [sentAllowed, guardAllowed, sentDenied, guardDenied] = said.map(
    id => all.find(each => each.id === id) as Entry | undefined,
  );
  const same = ({ id: _, seq: __, time: ___, prev: ____, request: _____, decision, ...rest }: Entry) => ({
    ...rest,
    decision: { ...(decision as object), secret: null },
  });
  assert.equal((sentAllowed!.decision as { effect: string }).effect, 'allow');
  assert.deepEqual(same(guardAllowed!), same(sentAllowed!));
  assert.equal((sentDenied!.decision as { effect: string }).effect, 'deny');
  assert.deepEqual(same(guardDenied!), same(sentDenied!));
  assert.equal(guardAllowed!.request, null);
  // Each is completed.
  for (const { id } of [sentAllowed!, guardAllowed!])
    assert.equal(all.filter(({ type, decided }) => type === 'action.completed' && decided === id).length, 1);
});

test('what is not allowed is not called, and what throws is recorded and thrown', async () => {
  const [denied, thrown] = (await agent(`
    const grant = await issue({ task: 't', actions: ['billing.*'] });
    let called = 0;
    const refused = await guard(grant, { action: 'billing.refund', resource: 'order:1', parameters: { amount: 500 } }, () => called++).catch(error => error);
    say({ called, kind: refused instanceof Refused, code: refused.code, rule: refused.rule, id: refused.evidenceId });
    let evidence;
    const failed = await guard(grant, { action: 'billing.refund', resource: 'order:1', parameters: { amount: 5 } }, id => { evidence = id; throw new RangeError('secret text'); }).catch(error => error);
    say({ name: failed.name, evidence });
  `)) as [Record<string, unknown>, Record<string, unknown>];
  assert.deepEqual(
    { called: denied.called, kind: denied.kind, code: denied.code },
    { called: 0, kind: true, code: 'denied' },
  );
  assert.equal((await entry(denied.id)).type, 'action.decided');
  assert.equal(thrown.name, 'RangeError');
  const all = await entries(world);
  const completed = all.find(({ type, decided }) => type === 'action.completed' && decided === thrown.evidence);
  assert.equal(completed?.error, 'RangeError');
  assert.ok(!JSON.stringify(all).includes('secret text'));
});

test('an agent issues no grant that is wider than what it has, nor one for somebody else', async () => {
  const said = await agent(`
    const narrow = await issue({ task: 'narrow', actions: ['billing.refund'], resources: ['order:1'] });
    const wide = await issue({ task: 'wide', actions: ['*'] }, narrow);
    const code = promise => promise.then(() => 'done', error => error.code);
    say(await code(guard(wide, { action: 'billing.refund', resource: 'order:1', parameters: { amount: 1 } }, () => 1)));
    say(await code(guard(wide, { action: 'billing.refund', resource: 'order:2', parameters: { amount: 1 } }, () => 1)));
    say(await code(issue({ task: 'other', actions: ['*'], gateway: 'billing-agent' })));
    say(await code(issue({ task: '', actions: [] })));
    say(await code(guard({ token: narrow.token + 'x' }, { action: 'billing.refund', resource: 'order:1' }, () => 1)));
  `);
  assert.deepEqual(said, ['done', 'denied', 'denied', 'malformed_request', 'unauthenticated']);
});

test('a guarded action waits for a human as a request does, and is done once he agrees', async () => {
  const running = agent(`
    const grant = await issue({ task: 't', actions: ['billing.close'] });
    const deed = { action: 'billing.close', resource: 'account:1', access: 'delete' };
    const first = await guard(grant, deed, () => 'too early').catch(error => error);
    say([first.code, first.retryable]);
    writeFileSync(${JSON.stringify(join(world.dir, 'asked'))}, '');
    say((await guard(grant, deed, () => 'closed', { wait: 50_000 })).value);
  `);
  // Not before it was told that it waits: what is approved while it is held goes on.
  while (!existsSync(join(world.dir, 'asked'))) await new Promise(resolve => setTimeout(resolve, 20));
  let waiting: { readonly id: string; readonly state: string } | undefined;
  while (waiting === undefined)
    waiting = (JSON.parse(await world.ok(['approvals', 'list', '--json'])) as { id: string; state: string }[]).find(
      ({ state }) => state === 'pending',
    );
  await world.ok(['approvals', 'approve', waiting.id]);
  assert.deepEqual(await running, [['approval_pending', true], 'closed']);
});

test('the example does what its page says', async () => {
  const file = join(world.dir, 'example.mjs');
  copyFileSync(join(repository, 'examples/guard/agent.mjs'), file);
  const { code, stdout, stderr } = await world.tf(['run', '--', 'billing-agent', process.execPath, file]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^acting as billing-agent\/run_\w+ since /);
  assert.match(stdout, /\nrefunded order 4711, allowed by ev_\w+\n/);
  assert.match(stdout, /\norder 4712: denied by grant:its grant \(recorded\)\n$/);
});

test('outside of a run the SDK says what to do', () => {
  assert.throws(() => gateOf({}), /tf run/);
  assert.throws(() => gateOf({ HTTPS_PROXY: 'http://proxy.corp:3128' }), /tf run/);
  assert.deepEqual(gateOf({ HTTPS_PROXY: 'http://agent:tok%2Den@127.0.0.1:8080' }), {
    origin: 'http://127.0.0.1:8080',
    token: 'tok-en',
  });
});
