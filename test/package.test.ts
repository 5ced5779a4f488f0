/** The package: what `npm install tollfence` would bring. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { importsOf, repository, sourcesIn } from './imports.js';

const description = JSON.parse(readFileSync(`${repository}package.json`, 'utf8')) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

function packed(): string[] {
  const cache = mkdtempSync(join(tmpdir(), 'tf-pack-'));
  try {
    const out = execFileSync(
      'npm',
      ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline', '--cache', cache],
      { cwd: repository, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const answer = JSON.parse(out.toString()) as unknown;
    // npm 12 names the packages, npm 10 and 11 list them.
    const [pack] = (Array.isArray(answer) ? answer : Object.values(answer as object)) as {
      files: { path: string }[];
    }[];
    return pack!.files.map(({ path }) => path);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

test('the package holds every room compiled, the policy with its digest, and the papers', () => {
  const files = packed();
  const compiled = sourcesIn('src', 'connectors', 'vault', 'bin').map(file => `dist/${file.replace(/ts$/, 'js')}`);
  const papers = ['README.md', 'LICENSE', 'NOTICE', 'CHANGELOG.md', 'SECURITY.md', 'ARCHITECTURE.md', 'package.json'];
  const policy = [
    'policies/tollfence.wasm',
    'policies/tollfence.wasm.sha256',
    ...['decision', 'permissions', 'conditions'].map(name => `policies/tollfence/${name}.rego`),
    'policies/NOTICE',
  ];
  assert.deepEqual(
    [...compiled, ...papers, ...policy].filter(file => !files.includes(file)),
    [],
  );
});

test('the package holds no tests, no benchmarks, no examples and no sources', () => {
  const strange = packed().filter(file =>
    /^dist\/(test|bench|examples)\/|^(test|bench|examples|src|bin|vault|scripts)\/|(?<!\.d)\.c?ts$|\.test\./.test(file),
  );
  assert.deepEqual(strange, []);
});

test('both names of the program are in the package, and start', () => {
  const files = packed();
  for (const [name, file] of Object.entries(description.bin)) {
    assert.ok(files.includes(file.replace(/^\.\//, '')), name);
    assert.match(execFileSync(process.execPath, [`${repository}${file}`, '--version']).toString(), /^\d+\.\d+\.\d+\n$/);
  }
});

test('every dependency is imported, and every import is a dependency', () => {
  const imported = sourcesIn('src', 'connectors', 'vault', 'bin')
    .flatMap(importsOf)
    .map(({ target }) => target)
    .filter(target => target !== '?' && target !== 'file')
    .filter(target => !target.startsWith('node:') && !existsSync(`${repository}${target}`));
  assert.deepEqual(Object.keys(description.dependencies).sort(), [...new Set(imported)].sort());
});
