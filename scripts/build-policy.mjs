// Builds policies/tollfence.wasm from the Rego in policies/tollfence, byte for byte the same wherever it runs, and tests the
// Rego. With `--check` it writes nothing, and fails if what is committed is not what the Rego compiles to (for CI).
// Uses the compiled TypeScript: `npm run build` first. Another directory of compiled files may be given by OUT.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const policies = fileURLToPath(new URL('../policies/', import.meta.url));
const out = process.env.OUT ? pathToFileURL(`${resolve(process.env.OUT)}/`) : new URL('../dist/', import.meta.url);
const { buildPolicy, runOpa, testPolicy } = await import(new URL('src/policy/compiler.js', out).href);

const fail = message => {
  console.error(message);
  process.exit(1);
};

const rego = `${policies}tollfence`;
const checked = await runOpa(['check', '--strict', '.'], rego);
if (checked.code !== 0) fail(checked.text);
const { passed, report } = await testPolicy(rego);
if (!passed) fail(report);

const { wasm, digest } = await buildPolicy(rego).catch(fault => fail(fault.message));
const file = `${policies}tollfence.wasm`;
const line = `${digest}  tollfence.wasm\n`;
if (process.argv.includes('--check')) {
  if (!readFileSync(file).equals(wasm) || readFileSync(`${file}.sha256`, 'utf8') !== line) {
    fail(
      'policies/tollfence.wasm is not what the Rego in policies/tollfence compiles to. Run `node scripts/build-policy.mjs`.',
    );
  }
} else {
  writeFileSync(file, wasm);
  writeFileSync(`${file}.sha256`, line);
}
console.log(line.trim());
