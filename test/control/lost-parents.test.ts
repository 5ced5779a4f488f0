import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { gone, until } from '../faults/waiting.js';
import { send } from '../http/agent.js';
import { openWorld, tfProgram, type World } from '../world.js';
import { runsOf, startChild, twoGateways } from './family.js';

let world: World;

before(async () => {
  world = await openWorld();
  await twoGateways(world);
});
after(() => world.close());

const skip = existsSync('/proc/self/stat') ? false : 'nothing is known of processes here';

const proxyPid = async (): Promise<number> =>
  (JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } }).proxy.pid;

test('after a crash of the proxy a child finds the one that its parent has started', { skip }, async () => {
  const child = await startChild(world);
  const before = await runsOf(world);
  for (let i = 0; i < 2; i++) {
    const pid = await proxyPid();
    process.kill(pid, 'SIGKILL');
    await until(async () => gone(pid) && (await world.tf(['status'])).code === 0);
    const get = 'GET /after HTTP/1.1\r\nHost: upstream.test\r\n\r\n';
    assert.equal((await send(child, get, { connect: 'upstream.test:443' })).status, 200);
    assert.deepEqual(
      (await runsOf(world)).map(({ id }) => id),
      before.map(({ id }) => id),
    );
  }
  await child.end();
  await until(async () => (await runsOf(world)).length === 0);
});

test('--terminate ends what does not heed it and has outlived its parents', {
  skip,
}, async () => {
  const stubborn = `sh -c 'trap "" TERM; echo $$; while :; do sleep 1; done' & wait`;
  const run = world.start(['run', '--', 'parent', 'sh', '-c', stubborn]);
  const exited = once(run, 'exit');
  const [text] = (await once(run.stdout!, 'data')) as [Buffer];
  const pid = Number(text.toString());
  await until(async () => (await runsOf(world)).length === 1);
  await world.ok(['kill', 'parent', '--terminate']);
  await exited;
  // Whoever has adopted it collects it in its own time.
  await until(() => gone(pid));
  await world.ok(['resume', 'parent']);
});

test('a child whose parent has ended before it was begun is not begun', async () => {
  // What a program consists of is read before its run begins; this one takes a while.
  const slow = join(world.dir, 'slow.sh');
  writeFileSync(slow, 'echo begun\n');
  truncateSync(slow, 1 << 29);
  const said = join(world.dir, 'said');
  const command = `("$0" "$1" run -- child sh ${slow} >${said}.out 2>${said}.err; echo $? >${said}) & cat`;
  const parent = world.start(['run', '--', 'parent', 'sh', '-c', command, process.execPath, tfProgram]);
  const spawned = async () =>
    (await entries(world)).filter(({ action }) => (action as { name?: string } | null)?.name === 'gateway.spawn')
      .length;
  const before = await spawned();
  await until(async () => (await spawned()) > before);
  parent.stdin!.end();
  await until(() => existsSync(said));
  assert.equal(readFileSync(said, 'utf8').trim(), '125');
  assert.match(readFileSync(`${said}.err`, 'utf8'), /has ended|is no more/);
  assert.equal(readFileSync(`${said}.out`, 'utf8'), '');
  assert.deepEqual(await runsOf(world), []);
});
