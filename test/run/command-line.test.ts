/** `tf run`: its forms, and what it says when it can't start. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../world.js';

let world: World;

before(async () => {
  world = await openWorld();
});
after(() => world.close());

const forms: readonly (readonly string[])[] = [
  ['run', '--', 'agent', 'sh', '-c', 'echo $TF_GATEWAY'],
  ['run', '--name', 'agent', '--', 'sh', '-c', 'echo $TF_GATEWAY'],
  ['run', 'agent', '--', 'sh', '-c', 'echo $TF_GATEWAY'],
];

for (const form of forms) {
  test(`${form.slice(0, -2).join(' ')} runs the command as the gateway, and its stdout is the command's alone`, async () => {
    const { code, stdout, stderr } = await world.tf(form);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'agent\n', stderr: '' });
  });
}

test('what stands behind the command belongs to it, whatever it looks like', async () => {
  const { stdout } = await world.tf(['run', '--', 'agent', 'echo', '--name', 'x', '--', '-v', '--help']);
  assert.equal(stdout, '--name x -- -v --help\n');
});

test('-v speaks on stderr, and says that the boundary is cooperative', async () => {
  const { stdout, stderr } = await world.tf(['run', '-v', '--', 'agent', 'echo', 'done'], {
    env: { OTHER_API_KEY: 'x' },
  });
  assert.equal(stdout, 'done\n');
  assert.match(stderr, /run_/);
  assert.match(stderr, /cooperative/);
  assert.match(stderr, /OTHER_API_KEY/);
});

const mistakes: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [['run', '--', 'python3', 'x.py'], /Did you mean: tf run -- NAME python3 x\.py/],
  [['run', '--', './agent.sh', 'x'], /Did you mean: tf run -- NAME \.\/agent\.sh x/],
  [['run', '--', 'agent'], /Did you mean: tf run -- NAME agent/],
  [['run', '--'], /which gateway and which command/],
  [['run', 'agent', 'sh'], /no "--"/],
  [['run', 'agent', 'other', '--', 'sh'], /Unexpected "other"/],
  [['run', '--name', 'agent', 'other', '--', 'sh'], /Unexpected "other"/],
  [['run', '--name', 'agent', '--'], /no command behind "--"/],
  [['run', '--name', '../x', '--', 'sh'], /./],
  [['run', '--nonsense', '--', 'agent', 'sh'], /nonsense/],
];

for (const [args, says] of mistakes) {
  test(`tf ${args.join(' ')} ends with 125, starts nothing, and says what was meant`, async () => {
    const { code, stdout, stderr } = await world.tf(args, { cwd: world.dir });
    assert.equal(code, 125, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, says);
  });
}

test('a gateway may have the name of a program, once it exists', async () => {
  await world.ok(['gateway', 'create', 'python3']);
  const { code, stdout } = await world.tf(['run', '--', 'python3', 'echo', 'hello']);
  assert.deepEqual([code, stdout], [0, 'hello\n']);
});

test('a program that does not exist is 127, one that cannot be executed 126', async () => {
  const directory = join(world.dir, 'programs');
  mkdirSync(directory);
  const plain = join(directory, 'plain.sh');
  writeFileSync(plain, '#!/bin/sh\n');
  chmodSync(plain, 0o644);
  for (const [program, expected] of [
    ['no-such-program', 127],
    [join(directory, 'missing'), 127],
    [plain, 126],
    [directory, 126],
  ] as const) {
    const { code, stdout, stderr } = await world.tf(['run', '--name', 'agent', '--', program]);
    assert.equal(code, expected, `${program}: ${stderr}`);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(program), stderr);
  }
});

test('a configuration with faults stops the run with 125 and every fault', async () => {
  const other = await openWorld({ config: 'colour: blue\npolicy: {deadline: soon}\n' });
  try {
    const { code, stderr } = await other.tf(['run', '--', 'agent', 'sh', '-c', 'echo started']);
    assert.equal(code, 125);
    assert.match(stderr, /colour/);
    assert.match(stderr, /policy\.deadline/);
  } finally {
    await other.close();
  }
});
