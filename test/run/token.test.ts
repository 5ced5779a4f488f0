/** The token of a run: good for this run, under this name, for as long as it lives. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { openWorld, type Ran, runProgram, tfProgram, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld();
  for (const name of ['agent', 'other']) {
    await world.ok(['gateway', 'create', name]);
    await world.ok(['permissions', 'set', '--gateway', name, '--action', 'http.get', '--effect', 'allow']);
  }
});
after(() => world.close());

/** A request from outside of any run, with this proxy. */
const curl = (proxy: string, ...more: string[]): Promise<Ran> =>
  runProgram('curl', [
    '-sS',
    '-i',
    '-x',
    proxy,
    '--cacert',
    `${world.home}/run/trust/ca.pem`,
    '-m',
    '10',
    ...more,
    'http://upstream.test/',
  ]);

const printProxy = 'echo $HTTPS_PROXY';

test('when the run has ended its token is worth nothing', async () => {
  const proxy = (await world.ok(['run', '--', 'agent', 'sh', '-c', printProxy])).trim();
  const { stdout } = await curl(proxy);
  assert.match(stdout, /^HTTP\/1\.1 407 /);
  assert.match(stdout, /"code":"unauthenticated"/);
  const { stdout: tunnel } = await curl(proxy, '-p');
  assert.match(tunnel, /^HTTP\/1\.1 407 /);
});

test('while the run lives its token is good under its own name alone', async () => {
  const run = world.start(['run', '--', 'agent', 'sh', '-c', `${printProxy}; read end`]);
  const ended = once(run, 'exit');
  const [line] = (await once(run.stdout!, 'data')) as [Buffer];
  const proxy = line.toString().trim();
  assert.doesNotMatch((await curl(proxy)).stdout, /^HTTP\/1\.1 407 /);
  for (const wrong of [
    proxy.replace('agent:', 'other:'),
    proxy.replace('agent:', ':'),
    proxy.replace(/:[^:@]{43}@/, `:${'A'.repeat(43)}@`),
    proxy.replace(/agent:[^@]+@/, ''),
  ])
    assert.match((await curl(wrong)).stdout, /^HTTP\/1\.1 407 /, wrong.replace(/[^:@]{43}/, '…'));
  run.stdin!.end('\n');
  assert.equal((await ended)[0], 0);
});

test('a run that was killed with SIGKILL leaves no token behind', async () => {
  const run = world.start(['run', '--', 'agent', 'sh', '-c', `${printProxy}; exec sleep 5`]);
  const ended = once(run, 'exit');
  const [line] = (await once(run.stdout!, 'data')) as [Buffer];
  run.kill('SIGKILL');
  await ended;
  let answer = '';
  for (let i = 0; i < 100 && !/ 407 /.test(answer); i++) answer = (await curl(line.toString().trim())).stdout;
  assert.match(answer, /^HTTP\/1\.1 407 /);
});

test('a run inside of a run without permission is refused, and nothing of it starts', async () => {
  const inner = `${JSON.stringify(process.execPath)} ${JSON.stringify(tfProgram)} run -- other sh -c 'echo started'`;
  for (const script of [
    inner,
    `unset TF_RUN TF_GATEWAY; ${inner}`,
    `env -i HOME="$HOME" TF_HOME="$TF_HOME" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" PATH="$PATH" ${inner}`,
  ]) {
    const { code, stdout, stderr } = await world.tf(['run', '--', 'agent', 'sh', '-c', script]);
    assert.equal(code, 125, stderr);
    assert.doesNotMatch(stdout, /started/);
    assert.match(stderr, /gateway\.spawn/);
  }
});

test('from inside of a run nothing becomes laxer, and everything may be stopped', async () => {
  const tf = `${JSON.stringify(process.execPath)} ${JSON.stringify(tfProgram)}`;
  const inside = (command: string, input = ''): Promise<Ran> =>
    world.tf(['run', '--', 'agent', 'sh', '-c', `${tf} ${command}`], { input });
  for (const command of [
    'permissions set --gateway agent --action "*" --effect allow',
    'secret set stolen --host upstream.test --scheme bearer',
    'policy activate --default',
  ])
    assert.equal((await inside(command, 'value')).code, 3, command);
  assert.equal((await inside('kill other --reason test')).code, 0);
  assert.equal((await inside('resume other')).code, 3);
  await world.ok(['resume', 'other']);
});
