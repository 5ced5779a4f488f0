import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import {
  canonicalHost,
  canonicalTarget,
  maxTarget,
  parseAuthority,
  printAuthority,
  printTarget,
  sameAuthority,
} from '../../src/http/target.js';

/** The value, or null when it was refused as malformed; any other error is a defect. */
function accepted<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, 'malformed_request');
    return null;
  }
}

const nasty = fc.constantFrom(
  '/',
  '.',
  '..',
  '%2e',
  '%2E',
  '%2f',
  '%252e',
  '%252f',
  '%5c',
  '\\',
  ';',
  '//',
  '%',
  '%00',
  '%25',
  '?',
  '#',
  'a',
  'repos',
  '%41',
  '%7E',
  '~',
  '|',
  ' ',
  '\u00e9',
  '@',
  ':',
  '*',
);
const target = fc.array(nasty, { maxLength: 12 }).map(parts => `/${parts.join('')}`);

test('a target that is accepted is a fixed point: reading what was printed changes nothing', () => {
  fc.assert(
    fc.property(target, text => {
      const read = accepted(() => canonicalTarget(text));
      if (read === null) return;
      assert.deepEqual(canonicalTarget(printTarget(read.path, read.query)), read);
    }),
    { numRuns: 3_000 },
  );
});

test('no reader finds other segments in it: not a URL parser, not one that undoes escapes first, once or twice', () => {
  const undo = (text: string): string =>
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  fc.assert(
    fc.property(target, text => {
      const read = accepted(() => canonicalTarget(text));
      if (read === null) return;
      assert.equal(
        new URL(`http://h${printTarget(read.path, read.query)}`).pathname.split('/').length,
        read.path.split('/').length,
      );
      for (const seen of [read.path, undo(read.path), undo(undo(read.path))]) {
        assert.ok(!seen.split(/[/\\]/).some(segment => segment === '.' || segment === '..'), `${text} → ${seen}`);
      }
      assert.ok(!/[\0\r\n\\]/.test(undo(read.path)));
    }),
    { numRuns: 3_000 },
  );
});

test('escapes have one spelling', () => {
  assert.equal(canonicalTarget('/%41%7e%2fx%c3%a9').path, '/A~%2Fx%C3%A9');
  assert.deepEqual(canonicalTarget('/a?b=%2e%2E&c'), { path: '/a', query: 'b=%2e%2E&c' });
  assert.deepEqual(canonicalTarget('/git/refs/heads%2Fmain'), { path: '/git/refs/heads%2Fmain', query: '' });
});

test('a target is at most 8 KiB long', () => {
  assert.ok(accepted(() => canonicalTarget(`/${'a'.repeat(maxTarget - 1)}`)));
  assert.equal(
    accepted(() => canonicalTarget(`/${'a'.repeat(maxTarget)}`)),
    null,
  );
});

test('a host that is accepted is a fixed point, and a URL parser agrees on it', () => {
  const part = fc.constantFrom(
    'a',
    'B',
    '-',
    '_',
    '.',
    '0',
    '1',
    '127',
    '0x7f',
    'xn--',
    '%',
    '[',
    ']',
    ':',
    '::1',
    '@',
    ' ',
    '\u00e9',
    'github',
    'com',
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 8 }).map(parts => parts.join('')),
      text => {
        const host = accepted(() => canonicalHost(text));
        if (host === null) return;
        const printed = host.includes(':') ? `[${host}]` : host;
        assert.equal(canonicalHost(printed), host);
        assert.equal(host, host.toLowerCase());
        // Labels that claim to be punycode and aren't have no meaning to a URL parser.
        if (URL.canParse(`http://${printed}/`)) assert.equal(new URL(`http://${printed}/`).hostname, printed);
        else assert.match(host, /xn--/);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('odd spellings of addresses and names are refused', () => {
  for (const text of [
    '127.1',
    '0x7f.1',
    '0177.0.0.1',
    '2130706433',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.04',
    'a..b',
    '.a',
    'a.',
    '-a.b',
    'a-.b',
    '[::1',
    '::1',
    '[fe80::1%eth0]',
    '[1.2.3.4]',
    '',
    '\u24d6ithub.com',
    'gith\u00fcb.com',
    `${'a'.repeat(64)}.com`,
    'a,b',
  ]) {
    assert.equal(
      accepted(() => canonicalHost(text)),
      null,
      text,
    );
  }
  assert.equal(canonicalHost('API.GitHub.com'), 'api.github.com');
  assert.equal(canonicalHost('[0:0:0:0:0:0:0:1]'), '::1');
  assert.equal(canonicalHost('[::FFFF:127.0.0.1]'), '::ffff:7f00:1');
});

test('an authority is read as it was printed', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('api.github.com', '10.0.0.1', '::1', 'a_b.c'),
      fc.integer({ min: 1, max: 65_535 }),
      fc.constantFrom('http' as const, 'https' as const),
      (host, port, scheme) => {
        const printed = printAuthority({ scheme, host, port });
        const read = parseAuthority(printed, scheme, scheme === 'https' ? 443 : 80);
        assert.deepEqual(read, { scheme, host, port });
        assert.ok(sameAuthority(read, { scheme, host, port }));
      },
    ),
  );
  for (const text of ['a@b:1', 'a:0', 'a:01', 'a:65536', 'a:+1', 'a:1x', 'a: 1', 'a:', 'a:1:2', ':443', 'a/b:1'])
    assert.equal(
      accepted(() => parseAuthority(text, 'https', 443)),
      null,
      text,
    );
});
