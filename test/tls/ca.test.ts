/** `tf ca export`: the root for others to trust, in the formats that they read. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directory } from './place.js';

const program = `
  import { Command } from 'commander';
  import ca from ${JSON.stringify(new URL('../../bin/commands/ca.js', import.meta.url).href)};
  const program = new Command();
  ca(program);
  await program.parseAsync(process.argv.slice(1), { from: 'user' }).catch(e => { console.error(e.message); process.exitCode = e.exit; });`;

function shell(t: TestContext) {
  const dir = directory(t);
  const env = { ...process.env, TF_HOME: join(dir, 'home') };
  const args = (words: readonly string[]) => ['--input-type=module', '-e', program, '--', 'ca', 'export', ...words];
  // From the place of the program, where its packages are found.
  const cwd = new URL('.', import.meta.url);
  return {
    dir,
    export: (...words: string[]) => execFileSync(process.execPath, args(words), { env, cwd, encoding: 'utf8' }),
    fail: (...words: string[]) => spawnSync(process.execPath, args(words), { env, cwd, encoding: 'utf8' }),
  };
}

test('the root is exported, and never its key, in each format', t => {
  const tf = shell(t);
  const pem = tf.export();
  assert.ok(new X509Certificate(pem).ca);
  assert.equal(tf.export(), pem, 'the same at the second time');
  const bundle = tf.export('--format', 'bundle');
  assert.ok(bundle.startsWith(pem.trimEnd()) && bundle.length > 50 * pem.length);
  const file = join(tf.dir, 'trust.p12');
  assert.equal(tf.export('--format', 'p12', '-o', file), '');
  for (const text of [pem, bundle, readFileSync(file, 'latin1')]) assert.doesNotMatch(text, /PRIVATE KEY/);
});

test('scripts get fingerprint and end of the root as JSON', t => {
  const tf = shell(t);
  const { pem, fingerprint256, expires } = JSON.parse(tf.export('--json'));
  assert.equal(new X509Certificate(pem).fingerprint256, fingerprint256);
  assert.equal(Date.parse(new X509Certificate(pem).validTo), Date.parse(expires));
});

test('a trust store is not printed, and a file that can not be written is named', t => {
  const tf = shell(t);
  const printed = tf.fail('--format', 'p12');
  assert.deepEqual([printed.status, printed.stdout], [2, '']);
  const missing = tf.fail('-o', join(tf.dir, 'no', 'such', 'ca.pem'));
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /no\/such\/ca\.pem can't be written: ENOENT/);
});
