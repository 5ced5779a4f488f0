/** Containers: what is different about a user that is only a number. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram, tfProgram } from '../world.js';

const numbered = ['--reuid', '54321', '--regid', '54321', '--clear-groups'];
/** Whether such a user can be had here, and may read this program. */
const possible =
  process.getuid?.() === 0 &&
  spawnSync('setpriv', [...numbered, process.execPath, tfProgram, '--version']).status === 0;

test('a user without a name, as containers have, runs agents behind the proxy', {
  skip: possible ? false : 'needs root, setpriv, and a checkout that others may read',
}, async t => {
  const dir = mkdtempSync(join(tmpdir(), 'tf-container-'));
  chmodSync(dir, 0o777);
  const env = { TF_HOME: join(dir, 'home'), XDG_CONFIG_HOME: join(dir, 'config'), HOME: dir, TF_RUN: '' };
  const tf = (...args: string[]) =>
    runProgram('setpriv', [...numbered, process.execPath, tfProgram, ...args], { env, cwd: dir });
  t.after(async () => {
    await tf('stop');
    rmSync(dir, { recursive: true, force: true });
  });
  assert.equal((await tf('gateway', 'create', 'agent')).code, 0);
  const { code, stdout, stderr } = await tf('run', '--', 'agent', 'echo', 'here');
  assert.deepEqual([code, stdout], [0, 'here\n'], stderr);
  const started = JSON.parse(
    (await tf('logs', '--all', '--json')).stdout.split('\n').find(line => line.includes('"run.started"'))!,
  ) as { subject: { user: { sub: string } } };
  assert.equal(started.subject.user.sub, 'uid:54321');
});
