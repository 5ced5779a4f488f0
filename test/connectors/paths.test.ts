/** A path means what its printed form means: over all routes of all connectors, however its segments are spelled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generated } from '../../bin/proxy/generated.js';
import { connectors } from '../../connectors/index.js';
import { openCatalog } from '../../src/action/catalog.js';
import { describe } from '../../src/action/examples.js';
import { Refusal } from '../../src/errors.js';
import { canonicalTarget, printTarget } from '../../src/http/target.js';

const catalog = openCatalog(connectors, { generated, whole: true });
const routes = connectors.flatMap(({ hosts, routes }) =>
  Object.keys(routes).map(key => [hosts[0]!.replace('*', 'x'), ...key.split(' ')] as [string, string, string]),
);

/** What a path means, or the refusal that it gets. */
function meaning(host: string, method: string, target: string): { path: string; text: string } {
  try {
    const { path, query } = canonicalTarget(target);
    const body = { state: 'none', bytes: 0 } as const;
    const request = { scheme: 'https', host, port: 443, method, path, query, fields: [], body } as const;
    return { path, text: describe(catalog.classify({ ...request, content: null, upgrade: null })) };
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return { path: '', text: 'refused' };
  }
}

const scraps = [
  'a',
  'Z',
  '7',
  '.',
  '-',
  '_',
  '~',
  ' ',
  '/',
  '%',
  '%2e',
  '\\',
  ';',
  ':',
  '@',
  '+',
  '\u00e9',
  '\u{1f600}',
];
const segment = fc
  .array(fc.constantFrom(...scraps, 'main', '.git', '..', '?', '#', '\0'), { minLength: 1, maxLength: 5 })
  .map(parts => parts.join(''));

/** A segment with its bytes escaped: those that must be, and those that `which` says; in the letter case that it says. */
function spell(text: string, which: (i: number) => number): string {
  return [...Buffer.from(text)]
    .map((byte, i) => {
      const character = String.fromCharCode(byte);
      const choice = which(i);
      if (/[A-Za-z0-9._~-]/.test(character) && choice < 2) return character;
      const hex = byte.toString(16).padStart(2, '0');
      return `%${choice % 2 === 0 ? hex : hex.toUpperCase()}`;
    })
    .join('');
}

test('a path is classified as its printed form is, and as every other spelling of it', () => {
  let typed = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...routes),
      fc.array(segment, { minLength: 8, maxLength: 8 }),
      fc.infiniteStream(fc.nat({ max: 3 })),
      ([host, method, template], segments, choices) => {
        let used = 0;
        const fill = (print: (text: string) => string): string => {
          used = 0;
          return template.replace(/\{\w+\+?\}/g, () => print(segments[used++ % segments.length]!));
        };
        const plain = meaning(host, method, fill(encodeURIComponent));
        const spelled = meaning(
          host,
          method,
          fill(text => spell(text, () => choices.next().value as number)),
        );
        assert.equal(spelled.text, plain.text);
        if (plain.text === 'refused') return;
        if (!plain.text.includes('unclassified')) typed += 1;
        const again = meaning(host, method, printTarget(plain.path, ''));
        assert.deepEqual(again, plain);
      },
    ),
    { numRuns: 3_000 },
  );
  assert.ok(typed > 300, `${typed} were described`);
});
