/** The papers: what the documents say of tests, commands, files and dependencies is so. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../src/config.js';
import { type Code, refusalRow } from '../src/errors.js';
import { read, repository, sourcesIn } from './imports.js';
import { tfProgram } from './world.js';

const papers = [
  ...['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(`${repository}docs`, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
];

test('every test that SECURITY.md names is there', () => {
  const tests = sourcesIn('test')
    .filter(file => file.endsWith('.test.ts'))
    .map(read)
    .join('\n')
    .replaceAll("\\'", "'")
    .replace(/test\(\s+/g, 'test(')
    // One for each connector, table or the like.
    .replaceAll('test(`${name}: ', 'test(`');
  // A title with a place in it for each number of workers and the like fits what stands there.
  const titles = [...tests.matchAll(/test\(`([^`]*\$\{[^`]*)`/g)].filter(
    // One that says little by itself would fit everything.
    ([, title]) => title!.replace(/\$\{[^}]*\}/g, '').length > 40,
  );
  const patterns = titles.map(
    ([, title]) =>
      new RegExp(
        `^${title!
          .split(/\$\{[^}]*\}/)
          .map(text => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('.+')}$`,
      ),
  );
  const named = [...read('SECURITY.md').matchAll(/“([^”]+)”/g)].map(([, name]) => name!);
  assert.ok(named.length > 40);
  assert.deepEqual(
    named.filter(
      name =>
        !["'", '"', '`'].some(quote => tests.includes(`test(${quote}${name}${quote}`)) &&
        !patterns.some(pattern => pattern.test(name)),
    ),
    [],
  );
});

test('each of the ten invariants names a test', () => {
  const sections = read('SECURITY.md')
    .split(/^\*\*\d+\. /m)
    .slice(1);
  assert.equal(sections.length, 10);
  assert.deepEqual(
    sections.filter(section => !section.includes('“')),
    [],
  );
});

test('the exits that ARCHITECTURE.md draws are refusals with these statuses', () => {
  const [, drawing = ''] = /```\n(connection[\s\S]*?)```/.exec(read('ARCHITECTURE.md')) ?? [];
  const exits = [...drawing.matchAll(/(\d{3}) ([a-z]+(?:_[a-z]+)*)(?![a-z_])/g)].map(
    ([, status, code]) => [code!, Number(status)] as const,
  );
  assert.ok(exits.length > 10);
  assert.deepEqual(
    exits.filter(([code, status]) => refusalRow(code as Code)?.status !== status),
    [],
  );
});

test('links between documents lead somewhere', () => {
  const broken = papers.flatMap(paper =>
    [...read(paper).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map(([, target]) => join(dirname(paper), target!))
      .filter(target => !existsSync(`${repository}${target}`)),
  );
  assert.deepEqual(broken, []);
});

test('every command in a block of a document is one that tf has', () => {
  const help = execFileSync(process.execPath, [tfProgram, '--help']).toString();
  const known = new Set([...help.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, name]) => name!));
  const used = papers.flatMap(paper =>
    [...read(paper).matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
      [...block!.matchAll(/(?:^|\| |&& |\bexec … )tf ([a-z-]+)/gm)].map(([, name]) => name!),
    ),
  );
  assert.ok(used.length > 20);
  assert.deepEqual(
    [...new Set(used)].filter(name => !known.has(name)),
    [],
  );
});

test('the configuration in the manual is accepted, and leaves out no key', () => {
  const [, manual = ''] = /^```yaml\n([\s\S]*?)^```/m.exec(read('docs/configuration.md')) ?? [];
  const keysOf = (value: unknown, path = ''): string[] =>
    value === null || typeof value !== 'object' || Array.isArray(value) || path === 'upstream.connect_to'
      ? [path]
      : Object.entries(value).flatMap(([key, each]) => keysOf(each, path === '' ? key : `${path}.${key}`));
  const said = parseConfig(manual);
  // A key without a default, which only the manual's example has.
  const optional = 'upstream.proxy';
  const defaults = parseConfig('');
  assert.deepEqual(
    keysOf(said).filter(path => path !== optional),
    keysOf(defaults),
  );
  const key = (path: string): RegExp => new RegExp(`^ *${path.split('.').at(-1)}:`, 'm');
  // The limits have a table of their own, which test/cli/config.test.ts compares.
  assert.deepEqual(
    keysOf(defaults).filter(path => !path.startsWith('limits.') && !key(path).test(manual)),
    [],
  );
  // Besides the examples, the manual shows the defaults.
  assert.deepEqual({ ...said, upstream: null }, { ...defaults, upstream: null });
});

test('every dependency has a reason in CONTRIBUTING.md, and nothing else has one', () => {
  const { dependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >;
  const rows = [...read('CONTRIBUTING.md').matchAll(/^\| ([@\w/.-]+)(?: \(optional\))? \| \S/gm)]
    .map(([, name]) => name!)
    .filter(name => name !== 'package');
  assert.deepEqual(rows.sort(), [...Object.keys(dependencies!), ...Object.keys(optionalDependencies!)].sort());
});
