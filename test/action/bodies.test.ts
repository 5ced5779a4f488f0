/** What the policy sees of a body is what the API reads from it, or unknown: bodies that two readers could take differently. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import { readPairs } from '../../src/action/form.js';
import { readJson, readJsonLines, readJsonSequence, unclear } from '../../src/action/json.js';
import { readMultipart } from '../../src/action/multipart.js';
import type { Action, Connector, Field } from '../../src/model.js';

const routes: Connector['routes'] = {
  'POST /pay': {
    action: 'pay',
    parameters: {
      amount: 'body#/amount',
      base: 'body#/base as string',
      to: 'query.to as string',
      limit: 'argument.limit as number',
    },
  },
  'POST /lines': { action: 'lines', parameters: { second: 'body#/1/id', first: 'body#/0/id as integer' } },
};
const catalog = openCatalog([
  { name: 'acme', hosts: ['api.acme.dev'], routes },
  { name: 'eager', hosts: ['eager.dev'], routes, reads: 'json' },
]);

/** What is known of a body of this type, and what isn't. */
function seen(
  content: string | Uint8Array,
  type: string | null,
  { target = '/pay', host = 'api.acme.dev' } = {},
): Pick<Action, 'name' | 'parameters' | 'unknown'> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const fields: Field[] = type === null ? [] : [['Content-Type', type]];
  const body = { state: 'complete', bytes: bytes.length } as const;
  const { action } = catalog.classify({ ...exampleRequest(`POST ${target}`, host, fields), body, content: bytes });
  return action;
}
const json = 'application/json';
const form = 'application/x-www-form-urlencoded';
const multipart = 'multipart/form-data; boundary=b';
const part = (name: string, value: string, more = ''): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;

test('a plain body is seen as it is', () => {
  assert.deepEqual(seen('{"amount":5,"base":"x"}', json).parameters, { amount: 5, base: 'x' });
  assert.deepEqual(seen('amount=5&base=x', form).parameters, { amount: '5', base: 'x' });
  assert.deepEqual(seen(`${part('amount', '5')}--b--\r\n`, multipart).parameters, { amount: '5' });
});

test('a name that other readers fold to the one that is asked for is not "absent"', () => {
  for (const [body, type] of [
    ['{"Amount":1000}', json],
    ['{"amount":5,"AMOUNT":1000}', json],
    ['AMOUNT=1000', form],
    ['amount=5&Amount=1000', form],
    [`${part('Amount', '1000')}--b--`, multipart],
  ] as const) {
    const { parameters, unknown } = seen(body, type);
    assert.equal(parameters.amount, undefined, body);
    assert.ok(unknown.includes('amount'), body);
  }
  assert.ok(seen('{"ba\u017fe":"x"}', json).unknown.includes('base'));
  assert.ok(seen('{}', json, { target: '/pay?TO=me' }).unknown.includes('to'));
});

test('a body that may hold parameters, and can not be read, leaves no parameter of the query certain', () => {
  for (const [body, type] of [
    ['{"to":"you","to":"me"}', json],
    ['to=you;x=1', form],
    ['{"to":"you"}', null],
    [`x${part('to', 'you')}--b--`, multipart],
  ] as const)
    assert.ok(seen(body, type, { target: '/pay?to=me' }).unknown.includes('to'), body);
  assert.equal(seen('%PDF', 'application/pdf', { target: '/pay?to=me' }).parameters.to, 'me');
  assert.ok(
    seen('{"to":1,"to":2}', 'application/pdf', { target: '/pay?to=me', host: 'eager.dev' }).unknown.includes('to'),
  );
});

test('JSON under another type, or with a charset that is not UTF-8, is unknown', () => {
  for (const type of [
    'text/plain',
    'application/octet-stream',
    'application/json; charset=utf-16',
    'application/json; charset=gbk',
    'application/json; charset=utf-8; charset=gbk',
    'application/json, text/plain',
    null,
  ])
    assert.ok(seen('{"amount":5}', type).unknown.includes('amount'), String(type));
  const eager = (type: string | null): Pick<Action, 'parameters'> => seen('{"amount":5}', type, { host: 'eager.dev' });
  for (const type of ['text/plain', 'application/json', 'text/plain; charset="UTF-8"', null])
    assert.deepEqual(eager(type).parameters, { amount: 5 }, String(type));
  for (const type of ['text/plain; charset=gbk', 'application/json; charset=gbk; charset=utf-8', 'a/b; charset=utf-8x'])
    assert.deepEqual(eager(type).parameters, {}, type);
});

test('text that only looks like UTF-8 JSON is unknown: byte order marks, UTF-16, UTF-32', () => {
  const text = '{"amount":5}';
  for (const bytes of [
    Buffer.from(`\ufeff${text}`),
    Buffer.from(text, 'utf16le'),
    Buffer.from(`\ufeff${text}`, 'utf16le'),
    Buffer.from([...text].flatMap(character => [0, 0, 0, character.charCodeAt(0)])),
  ])
    assert.ok(seen(bytes, json).unknown.includes('amount'));
  assert.ok(seen('\ufeffamount=5', form).unknown.includes('amount'));
});

test('NUL ends a text for some readers, so that such a text is unknown', () => {
  assert.deepEqual(readJson('{"a":"x\\u0000y","b":1}'), Object.assign(Object.create(null), { a: unclear, b: 1 }));
  assert.equal(readJson('{"a\\u0000b":1}'), undefined);
  for (const text of ['a=x%00y', 'a%00b=1']) assert.equal(readPairs(text), undefined);
  assert.equal(readMultipart(Buffer.from(`${part('a', 'x\0y')}--b--`), 'b'), undefined);
  assert.equal(readMultipart(Buffer.from(`${part('a\0b', 'x')}--b--`), 'b'), undefined);
});

test('a number in a form or a query is exact or unknown', () => {
  for (const [text, value] of [
    ['100.000000000000001', undefined],
    ['0.1', 0.1],
    ['1000', 1000],
    ['1e3', undefined],
    ['+5', undefined],
  ] as const)
    assert.equal(seen(`limit=${encodeURIComponent(text)}`, form).parameters.limit, value, text);
});

test('lines of JSON are an array of documents, each read strictly', () => {
  for (const type of ['application/x-ndjson', 'application/jsonl', 'application/ndjson', 'application/x-jsonlines']) {
    assert.deepEqual(seen('{"id":1}\n{"id":"x"}\n', type, { target: '/lines' }).parameters, { first: 1, second: 'x' });
    assert.ok(seen('{"id":1}\n{"id":1,"id":2}', type, { target: '/lines' }).unknown.includes('first'));
  }
  assert.deepEqual(seen('\u001e{"id":1}\n\u001e{"id":2}\n', 'application/json-seq', { target: '/lines' }).parameters, {
    first: 1,
    second: 2,
  });
  const like = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  assert.deepEqual(like(readJsonLines('1\r\n[2]\n"\u2028"')), [1, [2], '\u2028']);
  for (const text of ['1\n\n2', '\n1', '{\n}', '1\n2\n\n', '1 2', '\ufeff1'])
    assert.equal(readJsonLines(text), undefined, JSON.stringify(text));
  for (const text of ['1\n', '\u001e1', '\u001e\u001e1\n', 'x\u001e1\n', '\u001e1\n2\n'])
    assert.equal(readJsonSequence(text), undefined, JSON.stringify(text));
  // Who reads the whole as one document finds no array, and who reads an array finds another one.
  assert.ok(seen('{"amount":5}', 'application/x-ndjson').unknown.includes('amount'));
});

test('a boundary in a place where only lenient readers see one makes the form unknown', () => {
  const inner = part('amount', '1000').slice(0, -2);
  for (const body of [
    `${part('x', inner.replaceAll('\r\n', '\n'))}--b--`,
    `${part('x', `y\n${inner}`)}--b--`,
    `${part('x', `y\r${inner}`)}--b--`,
    `${part('x', `y ${inner}`)}--b--`,
    `${part('x', 'y')}--b--\r\n${part('amount', '1000')}--b--`,
  ]) {
    assert.equal(readMultipart(Buffer.from(body), 'b'), undefined, body);
    assert.ok(seen(body, multipart).unknown.includes('amount'));
  }
});

test('a boundary that some readers cut short, or that is named twice, makes the form unknown', () => {
  const body = `${part('amount', '5')}--b--`;
  for (const boundary of ['b,c', 'b(c)', 'b/c', 'b?c', 'b=c', 'b; boundary=b', 'b; Boundary=c', 'b; boundary*=c'])
    assert.ok(
      seen(
        body.replaceAll('--b', `--${boundary.split(';')[0]}`),
        `multipart/form-data; boundary=${boundary}`,
      ).unknown.includes('amount'),
      boundary,
    );
  assert.equal(seen(body.replaceAll('--b', '--=_b,c'), 'multipart/form-data; boundary="=_b,c"').parameters.amount, '5');
});

test('a file, a part in another charset, and a part of parts are unknown', () => {
  for (const body of [
    `${part('amount', '5', '; filename="x"')}--b--`,
    `${part('amount', '5', '; filename=""')}--b--`,
    `${part('amount', '5', '\r\nContent-Type: text/plain; charset=utf-16')}--b--`,
    `${part('amount', '5', '\r\nContent-Type: text/plain; charset=utf-8; charset=gbk')}--b--`,
    `${part('amount', '5', '\r\nContent-Type: multipart/mixed; boundary=c')}--b--`,
    `${part('amount', '5', '\r\nContent-Type: text/plain\r\nContent-Type: text/html')}--b--`,
    `${part('_charset_', 'gbk')}${part('amount', '5')}--b--`,
    `${part('amount', '5', "; filename*=utf-8''x")}--b--`,
    `${part('amount', '5', '\r\n folded: yes')}--b--`,
    `${part('amount', '5')}${part('amount', '6')}--b--`,
  ])
    assert.ok(seen(body, multipart).unknown.includes('amount'), body);
  for (const type of ['text/plain', 'text/plain; charset=UTF-8', 'application/json'])
    assert.equal(seen(`${part('amount', '5', `\r\nContent-Type: ${type}`)}--b--`, multipart).parameters.amount, '5');
  assert.equal(
    seen(`${part('f', 'x', '; filename="x"')}${part('amount', '5')}--b--`, multipart).parameters.amount,
    '5',
  );
  assert.ok(seen('_charset_=gbk&amount=5', form).unknown.includes('amount'));
});

test('a long value with an escape behind it is read', () => {
  assert.deepEqual(readPairs(`a=${'x'.repeat(1 << 20)}%41`), [['a', `${'x'.repeat(1 << 20)}A`]]);
});

test('what would need much more memory than it is long is not read', () => {
  const list = (length: number, item: string): string => Array<string>(length).fill(item).join(',');
  assert.ok(Array.isArray(readJson(`[${list(200_000, '{}')}]`)));
  assert.equal(readJson(`[${list(250_000, '{}')}]`), undefined);
  assert.equal(readJson(`[${list(10_000, `[${list(25, '0')}]`)}]`), undefined);
  const members = (count: number): string => Array.from({ length: count }, (_, i) => `"m${i}":0`).join(',');
  assert.notEqual(readJson(`{${members(10_000)}}`), undefined);
  assert.equal(readJson(`{${members(10_001)}}`), undefined);
  const lines = (count: number, line: string): string => `${line}\n`.repeat(count);
  assert.equal(readJsonLines(lines(10_000, '1'))?.length, 10_000);
  assert.equal(readJsonLines(lines(10_001, '1')), undefined);
  assert.equal(readJsonLines(lines(10_000, `[${list(25, '0')}]`)), undefined);
  assert.equal(readJsonSequence(`\u001e1\n`.repeat(10_001)), undefined);
  assert.equal(readPairs('a=1&'.repeat(9_999))?.length, 9_999);
  assert.equal(readPairs('a=1&'.repeat(10_001)), undefined);
});

test('a multipart form that was printed is read back, or is unknown', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9 _.-]{1,10}$/);
  const value = fc.string({ unit: 'grapheme', maxLength: 20 }).map(text => text.replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 5 }), pairs => {
      const read = readMultipart(Buffer.from(`${pairs.map(([n, v]) => part(n, v)).join('')}--b--\r\n`), 'b');
      if (read === undefined) assert.ok(pairs.flat().some(text => text.includes('--b')));
      else assert.deepEqual(read.fields, pairs);
    }),
    { numRuns: 300 },
  );
});
