/** The head of a stream: read in one way, or refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../src/errors.js';
import { decode } from '../../src/http/decode.js';
import { toHeaders } from '../../src/http/h2.js';
import { maxHeadSize, streamHead } from '../../src/http/pseudo.js';

const tunnel = { scheme: 'https', host: 'two.test', port: 443 } as const;
const from = { tunnel, sni: 'two.test' };
const base = [':method', 'POST', ':scheme', 'https', ':authority', 'two.test', ':path', '/a?b=c'];

test('a head comes out as one of HTTP/1.1 does: the authority as Host, the crumbs of a cookie as one field', () => {
  const head = streamHead([...base, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2', 'te', 'trailers'], false, from);
  assert.deepEqual(head.rawHeaders, ['host', 'two.test', 'cookie', 'a=1; b=2', 'x', 'y', 'te', 'trailers']);
  const { method, path, query, fields, bodied } = decode(head);
  assert.deepEqual([method, path, query, bodied], ['POST', '/a', 'b=c', true]);
  assert.deepEqual(fields, [
    ['cookie', 'a=1; b=2'],
    ['x', 'y'],
  ]);
  assert.equal(decode(streamHead(base, true, from)).bodied, false);
});

test('no value that goes out over HTTP/2 ends with a space, for the upstream would not see it', () => {
  const { rawHeaders } = streamHead([...base, 'cookie', 'a=1', 'cookie', ''], true, from);
  assert.deepEqual(rawHeaders.slice(2), ['cookie', 'a=1']);
  const fields = ['X-A', 'a', 'X-A', '', 'X-B', '', 'X-B', 'b', 'Cookie', 'c', 'Cookie', '', 'X-C', '', 'X-C', ''];
  assert.deepEqual({ ...toHeaders(fields) }, { 'x-a': 'a', 'x-b': 'b', cookie: 'c', 'x-c': '' });
});

test('a head without :authority has its Host, and both may say the same', () => {
  const without = base.filter((_, i) => i !== 4 && i !== 5);
  assert.equal(streamHead([...without, 'host', 'two.test'], true, from).rawHeaders[1], 'two.test');
  assert.equal(streamHead([...base, 'host', 'TWO.test'], true, from).rawHeaders[1], 'two.test');
  assert.throws(() => streamHead(without, true, from), Refusal);
  assert.throws(() => streamHead([...base, 'host', 'other.test'], true, from), Refusal);
});

test('a head is at most 16 KiB', () => {
  const filled = (size: number): string[] => [...base, 'x', 'y'.repeat(size)];
  const rest = maxHeadSize - base.reduce((sum, text) => sum + text.length, 0) - 5 * 32 - 1;
  streamHead(filled(rest), true, from);
  assert.throws(() => streamHead(filled(rest + 1), true, from), /too large/);
});

test('whatever fields come, the head is refused or has one Host, one cookie, and nothing of a connection or a pseudo-header', () => {
  const name = fc.constantFrom(
    ...[':method', ':scheme', ':authority', ':path', ':status', ':protocol', 'host', 'cookie', 'x', 'X', 'connection'],
    ...['transfer-encoding', 'upgrade', 'keep-alive', 'te', 'content-length', 'expect', 'proxy-connection', ''],
  );
  const value = fc.constantFrom(
    '',
    'a',
    'https',
    'two.test',
    'other.test',
    '/',
    'trailers',
    '0',
    '5',
    'GET',
    'CONNECT',
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), fc.nat(8), fc.boolean(), (fields, at, ended) => {
      const raw = [...base.slice(0, at), ...fields.flat(), ...base.slice(at)];
      if (raw.length % 2 === 1) return;
      try {
        const { rawHeaders, method, target } = streamHead(raw, ended, from);
        const names = rawHeaders.filter((_, i) => i % 2 === 0);
        assert.equal(names.filter(each => each === 'host').length, 1);
        assert.ok(names.filter(each => each === 'cookie').length <= 1);
        assert.deepEqual(
          names.filter(each =>
            /^:|^(connection|transfer-encoding|upgrade|keep-alive|proxy-connection)$|[A-Z]/.test(each),
          ),
          [],
        );
        assert.notEqual(method, 'CONNECT');
        assert.equal(raw[raw.indexOf(':path') + 1], target);
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});
