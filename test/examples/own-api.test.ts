/** The example of an API of one's own. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../world.js';

const program = fileURLToPath(new URL('../../examples/own-api/main.js', import.meta.url));

test('an API of one’s own is imported, and a permission about its parameters allows one request and denies another', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'tf-example-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const { code, stdout, stderr } = await runProgram(process.execPath, [program], { env: { TMPDIR: dir, HOME: dir } });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /\$ tf connector import openapi\.yaml --name acme\n/);
  assert.match(stdout, /agent: order 500 → 201\n/);
  assert.match(
    stdout,
    /agent: order 5000 → 403 No permission of shop allows this acme\.create_order: perm_1 would, but /,
  );
  assert.deepEqual(readdirSync(dir), []);
});
