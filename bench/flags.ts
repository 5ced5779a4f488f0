/** What the rules for injections find in both corpora, and what a search costs. */
import { readFileSync } from 'node:fs';
import { openScanner } from '../src/flags/index.js';
import type { CanonicalRequest, Classified } from '../src/model.js';

const scanner = openScanner();
const corpus = (name: string): string[] =>
  readFileSync(new URL(`../../test/flags/${name}.txt`, import.meta.url), 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('# '))
    .map(line =>
      line
        .replaceAll('\\n', '\n')
        .replace(/\\u\{?([0-9a-f]{4,5})\}?/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))),
    );

console.log(`rules ${scanner.version}`);
for (const [name, what] of [
  ['hostile', 'found'],
  ['benign', 'wrongly taken for an injection'],
  ['hostile-2', 'found'],
  ['benign-2', 'wrongly taken for an injection'],
  ['hostile-3', 'found'],
  ['benign-3', 'wrongly taken for an injection'],
] as const) {
  const texts = corpus(name);
  const hits = texts.filter(text => scanner.value(text).flags.length > 0).length;
  console.log(`${name}: ${hits} of ${texts.length} ${what} (${((100 * hits) / texts.length).toFixed(1)} %)`);
}

const meaning = { action: { access: 'write' }, connector: null } as unknown as Classified;
const sentence = 'The linter ignores the rules in .eslintrc when run from a subdirectory. ';
const words = (bytes: number): string => sentence.repeat(Math.ceil(bytes / sentence.length)).slice(0, bytes);
for (const bytes of [100, 2_000, 64_000]) {
  const content = Buffer.from(JSON.stringify({ title: 'lint', body: words(bytes), labels: ['bug'] }));
  const request = { content, fields: [['Content-Type', 'application/json']] } as unknown as CanonicalRequest;
  const rounds = Math.ceil(20_000_000 / bytes / 10);
  for (let i = 0; i < rounds / 10; i++) scanner.request(request, meaning);
  const started = performance.now();
  for (let i = 0; i < rounds; i++) scanner.request(request, meaning);
  console.log(`${bytes} bytes of text: ${(((performance.now() - started) * 1_000) / rounds).toFixed(1)} µs`);
}
