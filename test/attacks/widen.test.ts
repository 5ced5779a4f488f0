import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { entries } from '../faults/ledger.js';
import { type Agent, startAgent } from '../http/agent.js';
import { openWorld, type Ran, type World } from '../world.js';

const program = fileURLToPath(new URL('../../examples/attacks/widen.js', import.meta.url));

let world: World;
let sibling: Agent;
let state: string;
let attack: Ran;

/** What an operator has set, without what runs come and go with. */
const seen = async (): Promise<string> =>
  JSON.stringify(
    await Promise.all([
      world.ok(['permissions', 'list', '--json']),
      world.ok(['gateway', 'list', '--json']),
      world.ok(['secret', 'list', '--json']),
      world.ok(['status', '--json']).then(text => {
        const { killed, policy } = JSON.parse(text) as { killed: unknown; policy: unknown };
        return { killed, policy };
      }),
    ]),
  );

before(async () => {
  world = await openWorld({ config: 'approvals:\n  hold: 1s\n' });
  for (const name of ['attacker', 'helper', 'wider']) await world.ok(['gateway', 'create', name]);
  const set = (gateway: string, action: string, effect: string, ...more: string[]) =>
    world.ok(['permissions', 'set', '--gateway', gateway, '--action', action, '--effect', effect, ...more]);
  await set('attacker', 'github.pr.merge', 'deny');
  await set('attacker', 'gateway.spawn', 'allow', '--resource', 'gateway:helper');
  await set('attacker', 'gateway.spawn', 'require_approval', '--resource', 'gateway:asked');
  await set('wider', '*', 'allow');
  await world.ok(['gateway', 'create', 'asked']);
  await world.ok(['secret', 'set', 'key', '--connector', 'stripe'], { input: 'sk_test_0123456789' });
  await world.ok(['kill', '--connector', 'slack']);
  sibling = await startAgent(world, 'wider');
  // Something of the attacker's own that waits for an approval.
  const asking = await world.tf([
    'run',
    '--',
    'attacker',
    'sh',
    '-c',
    `"$0" "$1" run -- asked true`,
    process.execPath,
    tf,
  ]);
  assert.match(asking.stderr, /apr_/);
  state = await seen();
  attack = await world.tf(['run', '--', 'attacker', process.execPath, program], {
    env: { WIDER: 'wider', HELPER: 'helper' },
  });
});
after(async () => {
  await sibling?.end();
  await world.close();
});

const tf = fileURLToPath(new URL('../../bin/tf.js', import.meta.url));

/** Every way, and what is said about it. */
const refusals: readonly (readonly [way: string, said: RegExp])[] = [
  ['approve its own request', /from inside a run \(run_/],
  ['resume after a kill', /from inside a run \(run_/],
  ['set a permission', /from inside a run \(run_/],
  ['remove a denial', /from inside a run \(run_/],
  ['read a secret', /no route answers with a value/],
  ['set a secret', /from inside a run \(run_/],
  ['replace a secret', /from inside a run \(run_/],
  ['create a gateway', /from inside a run \(run_/],
  ['issue a grant for a wider gateway', /a run grants only what is its own/],
  ['activate a policy', /from inside a run \(run_/],
  ['add a connector', /from inside a run \(run_/],
  [
    'start a wider gateway',
    /attacker \(run_\w+\) may not start wider: No permission of attacker allows this gateway\.spawn/,
  ],
  ['start a gateway that does not exist', /may not start never-made/],
  ['start its child with other addresses', /from inside a run \(run_/],
  ['start it without TF_RUN', /may not start wider/],
  ['start it with env -i', /may not start wider/],
  ['start it with setsid', /may not start wider/],
  ['start it after a double fork', /may belong to several runs|may not start wider/],
  ['set a permission after a double fork', /can't be told from one that run_\w+ left behind/],
  ['start it as another run says (TF_RUN, TF_GATEWAY)', /attacker \(run_\w+\) may not start wider/],
  ["show a sibling's token", /belongs to another run than the process that shows it/],
  ["show the parent's token in a child", /belongs to another run than the process that shows it/],
  ['call the socket with the credential and no process', /did not prove which process it is/],
  ['call the socket as the first process', /is not the process that it says it is/],
  ['call the socket as its supervisor', /is not the process that it says it is/],
  ['call the socket as itself, with the credential', /from inside a run \(run_/],
  ["start a child as another run's process", /is not the process that it says it is/],
  ["issue a grant as another run's process", /did not prove which process it is/],
  ['start a proxy of its own, with its own home', /no secret and no permission/],
];

test('an agent that tries each way to widen itself is refused each time, and the table says why', () => {
  assert.equal(attack.code, 0, attack.stdout + attack.stderr);
  const rows = attack.stdout.split('\n\n', 1)[0]!.split('\n').slice(1);
  const said = rows.map(row => row.split(' | ').map(cell => cell.trim()));
  assert.deepEqual(
    said.map(([way]) => way),
    refusals.map(([way]) => way),
  );
  for (const [i, [way, expected]] of refusals.entries()) {
    assert.equal(said[i]![1], 'refused', `${way}: ${said[i]![2]}`);
    assert.match(said[i]![2]!, expected, way);
  }
});

test('nothing of it has changed what the operator set', async () => {
  assert.equal(await seen(), state);
});

test('the attempts are in the log under the run that made them, and an attempt with a token of another run too', async () => {
  const all = await entries(world);
  const rejected = all.filter(({ type }) => type === 'auth.rejected');
  assert.ok(rejected.filter(({ run, at }) => run !== null && at === 'control').length >= 10);
  assert.ok(
    rejected.some(
      ({ at, gateway, reason }) => at === 'proxy' && gateway === 'wider' && /another run/.test(String(reason)),
    ),
  );
  const spawns = all.filter(({ action }) => (action as { name?: string } | null)?.name === 'gateway.spawn');
  assert.deepEqual([...new Set(spawns.map(({ decision }) => decision!.effect))].sort(), [
    'allow',
    'deny',
    'require_approval',
  ]);
});
