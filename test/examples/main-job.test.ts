/** The main job, as the README's first command runs it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../world.js';

const program = fileURLToPath(new URL('../../examples/main-job/main.js', import.meta.url));

test('the main job shows a request allowed, one denied, a stream stopped, and a log that verifies; and leaves nothing behind', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'tf-demo-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const { code, stdout, stderr } = await runProgram(process.execPath, [program], { env: { TMPDIR: dir, HOME: dir } });
  assert.equal(code, 0, stdout + stderr);
  for (const line of [
    /\$ tf run -- research-agent node agent\.js issue\n.*→ 201 allow/,
    /api\.github\.com: POST \/repos\/acme\/site\/issues, authorization: Bearer ghp_/,
    /amount=420000 → 403 deny\n.*refused: Agents spend 10 euros at most\./,
    /\$ tf kill research-agent/,
    /the stream broke off after \d+ events/,
    /the connection was cut after \d+ of 600 events; nothing arrived since\./,
    /allow +github\.issue\.create +repo:acme\/site/,
    /The log holds together: \d+ entries/,
    /nothing is left behind/,
  ])
    assert.match(stdout, line);
  assert.deepEqual(readdirSync(dir), []);
});

test('the main job fails when Tollfence does not do what it shows', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'tf-demo-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  // Without `env` on the PATH, the agent of the third step can't show what it must.
  const { code, stderr } = await runProgram(process.execPath, [program], {
    env: { TMPDIR: dir, HOME: dir, PATH: dir },
  });
  assert.equal(code, 1);
  assert.match(stderr, /^\nerror: The main job failed: this must hold, and does not: /);
  assert.deepEqual(readdirSync(dir), []);
});
