import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gone, until } from '../faults/waiting.js';
import { openWorld, tfProgram, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld();
  await world.ok(['gateway', 'create', 'inside']);
});
after(() => world.close());

const skip = existsSync('/proc/self/stat') ? false : 'nothing is known of processes here';

const wider = { gateway: 'inside', action: 'http.*', effect: 'allow' };
const widened = async (): Promise<boolean> =>
  (JSON.parse(await world.ok(['permissions', 'list', '--json'])) as unknown[]).length > 0;

/** A program without `tf` that has the operator's credential; `ask` calls the control socket. */
const insider = `
const { closeSync, openSync, readFileSync, readdirSync } = require('node:fs');
const { request } = require('node:http');
const home = process.env.TF_HOME;
const token = readFileSync(home + '/operator.key', 'utf8').trim();
const ask = (path, headers, body) => new Promise((resolve, reject) => {
  const outgoing = request({ socketPath: home + '/control.sock', method: 'POST', path, headers, agent: false }, response => {
    let text = '';
    response.on('data', chunk => { text += chunk; });
    response.on('end', () => resolve({ status: response.statusCode, said: JSON.parse(text) }));
  });
  outgoing.on('error', reject);
  outgoing.end(JSON.stringify(body));
});
const heads = (pid, { proof, ticket = '' }) =>
  ({ authorization: 'Bearer ' + token, 'tf-pid': String(pid), 'tf-proof': proof, 'tf-ticket': ticket });
const widen = (pid, challenge) => ask('/permissions', heads(pid, challenge), ${JSON.stringify(wider)});
`;

const inside = async (program: string): Promise<readonly number[]> => {
  const { stdout, stderr } = await world.tf([
    ...['run', '--', 'inside', 'env', '-i', `TF_HOME=${world.home}`, process.execPath, '-e'],
    `${insider}(async () => { ${program} })()`,
  ]);
  assert.match(stdout, /^\[/, stderr);
  return JSON.parse(stdout) as number[];
};

test('a thread of the agent does not pass for a process that stands outside', { skip }, async () => {
  const statuses = await inside(`
    const all = [];
    for (const thread of readdirSync('/proc/self/task')) {
      const { said } = await ask('/challenge', {}, {});
      const file = openSync(said.proof, 'r');
      all.push((await widen(thread, said)).status);
      closeSync(file);
    }
    console.log(JSON.stringify(all));
  `);
  assert.ok(statuses.length > 1);
  assert.deepEqual([...new Set(statuses)], [403]);
  assert.equal(await widened(), false);
});

test('a proof that somebody outside holds is worth nothing to an agent that finds it', { skip }, async () => {
  const challenge = await new Promise<{ proof: string }>((resolve, reject) => {
    const outgoing = request(
      { socketPath: join(world.home, 'control.sock'), method: 'POST', path: '/challenge', agent: false },
      async response => resolve((await response.setEncoding('utf8').toArray()).join('') as never),
    );
    outgoing.once('error', reject);
    outgoing.end('{}');
  }).then(text => JSON.parse(text as never) as { proof: string; ticket: string });
  const file = openSync(challenge.proof, 'r');
  const statuses = await inside(`
    const all = [];
    for (const name of readdirSync(home + '/run').filter(name => name.startsWith('proof-')))
      for (const ticket of ['', name]) all.push((await widen(${process.pid}, { proof: home + '/run/' + name, ticket })).status);
    console.log(JSON.stringify(all));
  `);
  assert.ok(statuses.length >= 2);
  assert.deepEqual([...new Set(statuses)], [403]);
  assert.equal(await widened(), false);
  // Its owner still can use it.
  const answered = await new Promise<number>((resolve, reject) => {
    const token = readFileSync(join(world.home, 'operator.key'), 'utf8').trim();
    const headers = {
      authorization: `Bearer ${token}`,
      'tf-pid': String(process.pid),
      'tf-proof': challenge.proof,
      'tf-ticket': challenge.ticket,
    };
    const outgoing = request(
      { socketPath: join(world.home, 'control.sock'), method: 'POST', path: '/gateways', headers, agent: false },
      response => resolve(response.resume().statusCode ?? 0),
    );
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify({ name: 'owned' }));
  });
  assert.equal(answered, 200);
  closeSync(file);
});

/** A process that asks once its run is no more, in an environment that says nothing of it. */
const later = (name: string, first = ''): string => {
  const file = join(world.dir, name);
  const bare = `env -i PATH="$PATH" TF_HOME="${world.home}" XDG_CONFIG_HOME="${join(world.dir, 'config')}"`;
  return `(${bare} sh -c '${first} while [ ! -e "${file}.go" ]; do sleep 0.1; done
    "$0" "$1" permissions set --gateway inside --action "http.*" --effect allow >/dev/null 2>"${file}.err"
    echo $? >"${file}.new"; mv "${file}.new" "${file}"' "$0" "$1" </dev/null >/dev/null 2>&1 &)`;
};

/** Starts a run with this script, ends it by `end`, and asks then. */
async function leavesBehind(name: string, script: string, end: (pid: number) => Promise<unknown>): Promise<void> {
  const run = world.start(['run', '--', 'inside', 'sh', '-c', `${script}; echo up; cat`, process.execPath, tfProgram]);
  const exited = once(run, 'exit');
  await once(run.stdout!, 'data');
  await end(run.pid!);
  run.stdin!.end();
  await exited;
  // Whichever proxy there is.
  await world.ok(['gateway', 'list']);
  await until(async () => (JSON.parse(await world.ok(['status', '--json'])) as { runs: unknown[] }).runs.length === 0);
  const file = join(world.dir, name);
  writeFileSync(`${file}.go`, '');
  await until(() => existsSync(file));
  const said = readFileSync(`${file}.err`, 'utf8');
  assert.equal(readFileSync(file, 'utf8').trim(), '3', said);
  assert.match(said, /left behind|inside a run/);
  assert.equal(await widened(), false);
}

const proxyPid = async (): Promise<number> =>
  (JSON.parse(await world.ok(['status', '--json'])) as { proxy: { pid: number } }).proxy.pid;

test('what an agent has left behind does not stand outside because its run has ended', { skip }, async () => {
  await leavesBehind('daemon', later('daemon'), async () => {});
});

test('an agent whose supervisor was killed does not stand outside then', { skip }, async () => {
  await leavesBehind('orphan', later('orphan'), async pid => process.kill(pid, 'SIGKILL'));
});

test('nor does it when the proxy has ended as well, and another one knows of the run by what is stored alone', {
  skip,
}, async () => {
  await leavesBehind('stored', later('stored'), async pid => {
    const proxy = await proxyPid();
    process.kill(proxy, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    await until(() => gone(proxy));
  });
});

test('nor when the proxy is stopped after the end of the run', { skip }, async () => {
  await leavesBehind('stopped', `${later('stopped')}; kill -9 $PPID`, async () => {
    await until(
      async () => (JSON.parse(await world.ok(['status', '--json'])) as { runs: unknown[] }).runs.length === 0,
    );
    await world.ok(['stop']);
  });
});
