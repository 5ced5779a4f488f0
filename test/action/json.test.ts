/** The strict JSON reader, forms and multipart: exact, or not at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nest, readPairs } from '../../src/action/form.js';
import { decodeText, exactNumber, type Json, readJson, unclear } from '../../src/action/json.js';
import { readMultipart } from '../../src/action/multipart.js';

const plain = (value: Json | undefined): unknown => structuredClone(value as never);

test('any document that JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom('', ' ', '\n\t'), (text, space) => {
      const expected: unknown = JSON.parse(text, (_, value: unknown) => (Object.is(value, -0) ? 0 : value));
      assert.deepEqual(JSON.parse(JSON.stringify(plain(readJson(space + text + space)))), expected);
    }),
    { numRuns: 300 },
  );
});

test('whatever the text is, the reader never throws, and reads nothing that JSON.parse refuses', () => {
  const scraps = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\u0000',
      '\\',
      '1',
      '-',
      '.',
      'e5',
      'true',
      'nul',
      ' ',
      'a',
      '\ud800',
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        scraps.map(list => list.join('')),
      ),
      text => {
        const value = readJson(text);
        if (value !== undefined) JSON.parse(text);
      },
    ),
    { numRuns: 1000 },
  );
});

test('a document that two readers could take differently is none', () => {
  const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const refused = [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '"\\ud800"',
    '"\\udc00x"',
    '\ufeff{}',
    '{} {}',
    '{}x',
    '[1,]',
    "{'a':1}",
    '01',
    '+1',
    '.5',
    '1.',
    'NaN',
    '',
    '"\n"',
    '{"a":1,}',
    '[1 2]',
    '/**/1',
    deep(66),
  ];
  for (const text of refused) assert.equal(readJson(text), undefined, text.slice(0, 20));
  assert.notEqual(readJson(deep(64)), undefined);
  assert.deepEqual(readJson('"\\ud83d\\ude00"'), '😀');
});

test('a number that a double can’t hold is unclear, and the rest stays readable', () => {
  for (const numeral of [
    '9007199254740993',
    '1e400',
    '-1e400',
    '0.1000000000000000055',
    '123456789012345678901',
    '1e-400',
  ]) {
    assert.equal(exactNumber(numeral), unclear, numeral);
  }
  for (const numeral of [
    '0',
    '0.1',
    '1e3',
    '10.50',
    '9007199254740991',
    '9007199254740992',
    '1E+2',
    '0e9',
    '100000000000000000000',
    '-2.5e-3',
    '5e-324',
  ]) {
    assert.equal(exactNumber(numeral), Number(numeral), numeral);
  }
  assert.ok(Object.is(exactNumber('-0'), 0));
  const document = readJson('{"amount":9007199254740993,"currency":"usd"}') as { [name: string]: Json };
  assert.equal(document.amount, unclear);
  assert.equal(document.currency, 'usd');
});

test('every double is exact in its own shortest spelling', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value =>
      assert.equal(exactNumber(JSON.stringify(value)), value || 0),
    ),
    { numRuns: 500 },
  );
});

test('`__proto__` is a member like any other', () => {
  const document = readJson('{"__proto__":{"admin":true},"constructor":1}') as { [name: string]: Json };
  assert.deepEqual(Object.keys(document), ['__proto__', 'constructor']);
  assert.equal(({} as { admin?: unknown }).admin, undefined);
  assert.equal(document.admin, undefined);
  assert.equal(nest([['__proto__[admin]', '1']]).admin, undefined);
});

test('bytes that are not UTF-8 are no text', () => {
  assert.equal(decodeText(Uint8Array.of(0x22, 0xff, 0x22)), undefined);
  assert.equal(decodeText(Uint8Array.of(0xed, 0xa0, 0x80)), undefined);
});

test('brackets nest, and what is there twice is unclear', () => {
  const form = (text: string): unknown => nest(readPairs(text)!);
  const like = (value: unknown): unknown => Object.assign(Object.create(null) as object, value);
  assert.deepEqual(form('a[b]=c&a[d][e]=f'), like({ a: like({ b: 'c', d: like({ e: 'f' }) }) }));
  assert.deepEqual(form('a[]=x&a[]=y'), like({ a: ['x', 'y'] }));
  assert.deepEqual(form('a+b=%2B+'), like({ 'a b': '+ ', a_b: unclear }));
  for (const text of [
    'a=1&a=2',
    'a=1&a[b]=2',
    'a[b]=1&a=2',
    'a[]=1&a[b]=2',
    'a[b=1',
    'a]=1',
    'a[b]c=1',
    'a[][b]=1',
    'a[b]=1&a[b]=2',
  ]) {
    assert.deepEqual(form(`${text}&z=9`), like({ a: unclear, z: '9' }), text);
  }
  // Rack takes `[a]` for `a`, PHP ` a` too, and `b.c` for `b_c`.
  for (const text of ['[a]=1', '+a=1', '%20a=1', 'a=2&[a]=1', '[a]=1&a=2', '[[a=1'])
    assert.equal((form(text) as { a: unknown }).a, unclear, text);
  assert.equal((form('b.c=1') as { b_c: unknown }).b_c, unclear);
  for (const text of ['a=1;b=2', 'a=%zz', 'a=%ff', 'a=%2']) assert.equal(readPairs(text), undefined, text);
});

test('a form that was encoded is read back', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), pairs =>
      assert.deepEqual(readPairs(new URLSearchParams(pairs).toString()), pairs),
    ),
    { numRuns: 300 },
  );
});

test('a multipart form is read in one spelling only', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const head = '--b\r\nContent-Disposition: form-data; name="a"';
  assert.deepEqual(
    readMultipart(
      bytes(`${head}\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n2\r\n--b--\r\n`),
      'b',
    ),
    { fields: [['a', '1']], files: ['f'] },
  );
  const refused = [
    `x${head}\r\n\r\n1\r\n--b--`,
    `${head}\r\n\r\n1`,
    `${head}\r\n\r\n1\r\n--b--\r\nmore`,
    `${head}\n\n1\r\n--b--`,
    `${head}; name="b"\r\n\r\n1\r\n--b--`,
    `${head}\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--b--`,
    `${head}\r\n\r\n1\r\n--bb--`,
    `${head}\r\n\r\n--b--`,
  ];
  for (const text of refused) assert.equal(readMultipart(bytes(text), 'b'), undefined, text);
});
