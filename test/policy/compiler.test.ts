/**
 * Building Rego, and the module that is shipped.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Fault } from '../../src/errors.js';
import { buildPolicy, findOpa, testPolicy } from '../../src/policy/compiler.js';
import { shippedDirectory, shippedWasm } from '../../src/policy/shipped.js';

const root = mkdtempSync(join(tmpdir(), 'tollfence-test-'));
after(() => rmSync(root, { recursive: true }));

/** A directory with these files. */
function directory(name: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(root, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, name, file), text);
  return join(root, name);
}

const good = 'package tollfence\n\ndefault decision := {"effect": "deny"}\n';
const passing = 'package tollfence_test\n\nimport data.tollfence\n\ntest_deny if tollfence.decision.effect == "deny"\n';

test('the shipped module is what its Rego compiles to, and the Rego passes its tests', async () => {
  const rego = fileURLToPath(new URL('tollfence/', shippedDirectory()));
  assert.deepEqual(Buffer.from((await buildPolicy(rego)).wasm), Buffer.from(shippedWasm()));
  const { passed, report } = await testPolicy(rego);
  assert.ok(passed, report);
});

test('the same Rego gives the same bytes wherever it lies, with or without its tests', async () => {
  const here = await buildPolicy(directory('here', { 'policy.rego': good }));
  const there = await buildPolicy(directory('there', { 'policy.rego': good, 'policy_test.rego': passing }));
  assert.equal(here.digest, there.digest);
});

test("the compiler's own sentences say what is wrong, with file and line", async () => {
  const broken = directory('broken', { 'policy.rego': 'package tollfence\n\ndecision := {"effect": x}\n' });
  await assert.rejects(
    buildPolicy(broken),
    (error: unknown) => error instanceof Fault && /policy\.rego:3/.test(error.message),
  );
  const elsewhere = directory('elsewhere', { 'policy.rego': 'package other\n\ndecision := 1\n' });
  await assert.rejects(buildPolicy(elsewhere), /tollfence\/decision|entrypoint/);
  await assert.rejects(
    buildPolicy(join(root, 'absent')),
    (error: unknown) => error instanceof Fault && error.exit === 4,
  );
});

test('data files, which a module would lose, are refused', async () => {
  await assert.rejects(
    buildPolicy(directory('data', { 'policy.rego': good, 'limits.json': '{"limit": 5}' })),
    /data files/,
  );
});

test('tests of a policy pass only if there are some and none fails', async () => {
  assert.equal((await testPolicy(directory('passing', { 'a.rego': good, 'a_test.rego': passing }))).passed, true);
  const failing = passing.replace('== "deny"', '== "allow"');
  assert.equal((await testPolicy(directory('failing', { 'a.rego': good, 'a_test.rego': failing }))).passed, false);
  assert.equal((await testPolicy(directory('untested', { 'a.rego': good }))).passed, false);
});

test('OPA is what OPA_PATH says, then what PATH has, and never what lies in the present directory', async () => {
  const bin = directory('bin', { opa: '#!/bin/sh\n' });
  await assert.rejects(findOpa({ OPA_PATH: join(bin, 'opa') }), /not an executable/);
  chmodSync(join(bin, 'opa'), 0o755);
  assert.equal(await findOpa({ OPA_PATH: join(bin, 'opa') }), join(bin, 'opa'));
  assert.equal(await findOpa({ PATH: `/nowhere:${bin}` }), join(bin, 'opa'));
  const before = process.cwd();
  process.chdir(bin);
  try {
    assert.notEqual(await findOpa({ PATH: '.:' }), join(bin, 'opa'));
  } finally {
    process.chdir(before);
  }
});
