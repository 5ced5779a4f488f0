/** Signature Version 4 against what AWS has published: its test suite, and the examples in the documentation of S3. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import {
  canonicalRequest,
  emptyHash,
  encode,
  type Scope,
  type Signable,
  signature,
  signedFields,
  signingKey,
  stringToSign,
} from '../../src/credentials/sigv4.js';
import { Chunks } from '../../src/credentials/sigv4-chunks.js';
import type { Field } from '../../src/model.js';
import { read } from '../imports.js';

interface Expected {
  readonly canonical: string;
  readonly string_to_sign: string;
  readonly signature: string;
}

interface Case {
  readonly name: string;
  readonly request: string;
  readonly normalize?: boolean;
  readonly sign_body?: boolean;
  readonly token?: string;
  readonly omit_session_token?: boolean;
  readonly header: Expected;
  readonly query: Expected;
}

const suite = JSON.parse(read('test/credentials/sigv4-vectors.json')) as {
  readonly secret_access_key: string;
  readonly cases: readonly Case[];
};

const scope: Scope = { date: '20150830', region: 'us-east-1', service: 'service' };
const time = '20150830T123600Z';

/** Method, target, fields (one may go on over several lines) and body of a request as the suite writes it. */
function parse({ request, normalize = true }: Case): Omit<Signable, 'payload'> & { readonly body: string } {
  const [head = '', body = ''] = request.split('\n\n');
  const [first = '', ...lines] = head
    .replace(/\n[ \t]+/g, ' ')
    .trimEnd()
    .split('\n');
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(first) ?? [];
  const fields = lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as Field);
  const [path = '', query = ''] = target.split('?');
  return { method, path, query, fields, body, literal: !normalize };
}

function check(signable: Signable, expected: Expected): void {
  assert.equal(canonicalRequest(signable), expected.canonical);
  assert.equal(stringToSign(signable, time, scope), expected.string_to_sign);
  const key = signingKey(suite.secret_access_key, scope);
  assert.equal(signature(key, expected.string_to_sign), expected.signature);
}

for (const one of suite.cases) {
  const { body, ...request } = parse(one);
  const payload = hash('sha256', body, 'hex');
  const { token, omit_session_token: late = false } = one;

  test(`the test suite of AWS, in a header: ${one.name}`, () => {
    const fields: Field[] = [...request.fields, ['X-Amz-Date', time]];
    if (one.sign_body) fields.push(['X-Amz-Content-Sha256', payload]);
    if (token !== undefined && !late) fields.push(['X-Amz-Security-Token', token]);
    check({ ...request, fields, payload }, one.header);
  });

  test(`the test suite of AWS, in the query: ${one.name}`, () => {
    const parameters = [
      ...(request.query === '' ? [] : [request.query]),
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      'X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request',
      `X-Amz-Date=${time}`,
      `X-Amz-SignedHeaders=${encode(signedFields(request.fields))}`,
      'X-Amz-Expires=3600',
      ...(token === undefined || late ? [] : [`X-Amz-Security-Token=${encode(token)}`]),
    ];
    check({ ...request, query: parameters.join('&'), payload }, one.query);
  });
}

test('the suite is whole: 38 cases, each in both forms', () => {
  assert.equal(suite.cases.length, 38);
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html,
// sigv4-streaming.html and sigv4-streaming-trailers.html: all with this key, on this day.
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const s3: Scope = { date: '20130524', region: 'us-east-1', service: 's3' };
const day = '20130524T000000Z';
const bucket: Field = ['Host', 'examplebucket.s3.amazonaws.com'];

function signS3(method: string, path: string, query: string, payload: string, ...fields: Field[]): string {
  const signable = { method, path, query, payload, literal: true, fields };
  return signature(signingKey(secret, s3), stringToSign(signable, day, s3));
}

const dated = (payload: string): Field[] => [
  ['x-amz-content-sha256', payload],
  ['x-amz-date', day],
];

test('S3’s example of GET with a range', () => {
  const made = signS3('GET', '/test.txt', '', emptyHash, bucket, ['Range', 'bytes=0-9'], ...dated(emptyHash));
  assert.equal(made, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

test('S3’s example of PUT, whose path is encoded once', () => {
  const payload = hash('sha256', 'Welcome to Amazon S3.', 'hex');
  const fields: Field[] = [
    ['Date', 'Fri, 24 May 2013 00:00:00 GMT'],
    ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
  ];
  for (const path of ['/test$file.text', '/test%24file.text'])
    assert.equal(
      signS3('PUT', path, '', payload, bucket, ...fields, ...dated(payload)),
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
});

test('S3’s examples of queries: a parameter without a value, and a list', () => {
  const get = (query: string): string => signS3('GET', '/', query, emptyHash, bucket, ...dated(emptyHash));
  assert.equal(get('lifecycle'), 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543');
  assert.equal(get('max-keys=2&prefix=J'), '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
});

test('S3’s example of a presigned URL', () => {
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    'X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request',
    `X-Amz-Date=${day}`,
    'X-Amz-Expires=86400',
    'X-Amz-SignedHeaders=host',
  ].join('&');
  const made = signS3('GET', '/test.txt', query, 'UNSIGNED-PAYLOAD', bucket);
  assert.equal(made, 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404');
});

/** S3’s examples of 65 KiB in two chunks: signed with the wrong key, as a body of an agent is. */
function upload(payload: string, more: readonly Field[], trailers: string): { seed: string; body: string } {
  const fields: Field[] = [
    ['Host', 's3.amazonaws.com'],
    ['Content-Encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', '66560'],
    ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
    ...more,
    ...dated(payload),
  ];
  const seed = signS3('PUT', '/examplebucket/chunkObject.txt', '', payload, ...fields);
  const line = (size: string): string => `${size};chunk-signature=${'0'.repeat(64)}\r\n`;
  const agents = `${line('10000')}${'a'.repeat(65536)}\r\n${line('400')}${'a'.repeat(1024)}\r\n${line('0')}${trailers}`;
  const key = signingKey(secret, s3);
  const chunks = new Chunks({ key, time: day, scope: s3, signature: seed }, trailers !== '\r\n');
  const body = Buffer.concat([...chunks.push(Buffer.from(agents)), ...chunks.end()]).toString();
  assert.equal(body.length, agents.length);
  assert.equal(body.replace(/[0-9a-f]{64}/g, ''), agents.replace(/[0-9a-f]{64}/g, ''));
  chunks.close();
  assert.ok(key.every(byte => byte === 0));
  return { seed, body };
}

const signatures = (body: string): (string | undefined)[] =>
  [...body.matchAll(/signature[=:]([0-9a-f]{64})/g)].map(([, made]) => made);

test('S3’s example of an upload in signed chunks', () => {
  const { seed, body } = upload('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', [['Content-Length', '66824']], '\r\n');
  assert.equal(seed, '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9');
  assert.deepEqual(signatures(body), [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ]);
});

test('S3’s example of an upload in signed chunks with a signed trailer', () => {
  const trailers = `x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:${'0'.repeat(64)}\r\n\r\n`;
  const named: Field = ['x-amz-trailer', 'x-amz-checksum-crc32c'];
  const { seed, body } = upload('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', [named], trailers);
  assert.equal(seed, '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e');
  assert.deepEqual(signatures(body), [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  ]);
});
