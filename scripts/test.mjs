/**
 * Everything that must hold: builds, lints, compares the shipped policy with its Rego and tests that, runs all tests, and
 * says at the end what was not run here and why. `npm test`, or `npm test -- log` for the tests whose path has "log" in it.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { build, demandPrerequisites, root } from './prerequisites.mjs';

/** A test file that takes longer hangs. Milliseconds. */
const patience = 300_000;

const notRun = [];
let failed = false;

/** Runs one of the checks that are programs. */
function check(what, args) {
  console.log(`\ntest: ${what}`);
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error(`error: ${what}: failed`);
  failed = true;
}

async function policy() {
  const { findOpa } = await import(`${root}dist/src/policy/compiler.js`);
  try {
    await findOpa();
  } catch (error) {
    notRun.push(['the policy is what its Rego compiles to, and passes opa test', error.message]);
    return;
  }
  check('the shipped policy is what its Rego compiles to, and passes opa test', [
    'scripts/build-policy.mjs',
    '--check',
  ]);
}

function testFiles(wanted) {
  return readdirSync(`${root}dist/test`, { recursive: true })
    .filter(name => name.endsWith('.test.js'))
    .filter(name => wanted.length === 0 || wanted.some(part => name.includes(part.replace(/^test\//, ''))))
    .map(name => join(root, 'dist/test', name))
    .sort();
}

/** Resolves when all have ended. */
function tests(files) {
  console.log(`\ntest: ${files.length} files of tests`);
  return new Promise(resolve => {
    const stream = run({ files, concurrency: 3, timeout: patience });
    stream.on('test:fail', ({ todo }) => {
      if (todo === undefined || todo === false) failed = true;
    });
    stream.on('test:pass', ({ name, skip, file }) => {
      if (skip)
        notRun.push([`${relative(`${root}dist`, file ?? '')}: ${name}`, skip === true ? 'no reason given' : skip]);
    });
    const lines = stream.compose(new spec());
    lines.pipe(process.stdout, { end: false });
    lines.once('end', resolve);
  });
}

await demandPrerequisites();
// The tests make homes of their own; nothing of a real one, or of a run that this is part of, may reach them.
for (const name of Object.keys(process.env)) if (name.startsWith('TF_')) delete process.env[name];
build();
check('lint', ['node_modules/@biomejs/biome/bin/biome', 'lint', '--diagnostic-level=error', '.']);
await policy();
check('the pages of docs/connectors are what the connectors say', ['scripts/docs.mjs', '--check']);
const files = testFiles(process.argv.slice(2));
if (files.length === 0) failed = true;
await tests(files);

if (notRun.length > 0) console.log(`\nNot run here (${notRun.length}):`);
for (const [what, why] of notRun) console.log(`  ${what}\n    ${why}`);
console.log(failed ? '\nFailed.' : '\nAll that was run has passed.');
process.exit(failed ? 1 : 0);
