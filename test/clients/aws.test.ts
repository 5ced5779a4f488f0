/** AWS: SDKs and curl sign with placeholders, and what arrives is signed by whoever owns the account. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Ran, Received, World } from '../world.js';
import { type Keys, type Verified, verify } from './aws-verifier.js';
import { agent, behind, has, openPlace } from './place.js';

const region = 'eu-central-1';
const bucket = `reports.s3.${region}.amazonaws.com`;
const keys: Keys = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const placeholder = 'AKIAtfplaceholder000';

let world: World;
/** What was verified, and what was wrong, in order. */
let verified: (Verified & { readonly request: Received })[] = [];
let faults: string[] = [];

function answer(request: Received, response: ServerResponse): void {
  const { host, method, target, headers, body } = request;
  try {
    verified.push({ ...verify(request, keys), request });
  } catch (error) {
    faults.push(String((error as Error).message));
    response.writeHead(403, { 'content-type': 'application/xml' });
    return void response.end(`<Error><Message>${JSON.stringify(headers)} ${keys.secret}</Message></Error>`);
  }
  const send = (text: string, fields: Record<string, string> = {}): void => {
    response.writeHead(200, { 'content-type': 'application/xml', ...fields });
    response.end(text);
  };
  if (host.startsWith('sts.'))
    return send(
      '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
    );
  if (host.startsWith('iam.'))
    return send(
      '<ListUsersResponse><ListUsersResult><Users><member><UserName>ann</UserName></member></Users></ListUsersResult></ListUsersResponse>',
    );
  if (host.startsWith('dynamodb.')) {
    const get = String(headers['x-amz-target']).endsWith('.GetItem');
    return send(get ? '{"Item":{"id":{"S":"1"}}}' : '{}', { 'content-type': 'application/x-amz-json-1.0' });
  }
  if (method === 'POST' && target.includes('uploads'))
    return send('<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>');
  if (method === 'POST')
    return send('<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>');
  if (method === 'PUT') return send('', { etag: `"${createHash('md5').update(body).digest('hex')}"` });
  if (target.includes('list-type=2')) return send('<ListBucketResult><KeyCount>1</KeyCount></ListBucketResult>');
  if (headers.range === undefined) return send('whole');
  response.writeHead(206, { 'content-type': 'text/plain', 'content-range': 'bytes 1-3/5' });
  response.end('hol');
}

before(async () => {
  const secret = JSON.stringify({ access_key_id: keys.id, secret_access_key: keys.secret });
  const settings = [
    { place: ['--connector', 'aws'], secret, allow: ['aws.*'] },
    { place: ['--host', 'minio.test', '--scheme', 'sigv4'], secret, allow: ['http.get'] },
  ];
  const hosts = [bucket, `sts.${region}.amazonaws.com`, `dynamodb.${region}.amazonaws.com`, 'iam.amazonaws.com'];
  world = await openPlace(settings, { hosts: [...hosts, 'minio.test'], answer });
});
after(() => world.close());
beforeEach(() => {
  verified = [];
  faults = [];
});

const signing = (command: readonly string[]): Promise<Ran> =>
  behind(world, command, { AWS_REGION: region, AWS_DEFAULT_REGION: region });

test('the SDK for JavaScript uses S3, STS, IAM and DynamoDB without a key: what arrives is signed with the vault’s', async () => {
  const { code, stdout, stderr } = await signing(agent('aws'));
  assert.deepEqual(faults, []);
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), ['hol', 1, '"whole"', '123456789012', 1, { id: { S: '1' } }]);
  const scopes = new Set(verified.map(one => `${one.service} ${one.region}`));
  assert.deepEqual([...scopes], [`s3 ${region}`, `sts ${region}`, 'iam us-east-1', `dynamodb ${region}`]);
  // As SDKs send by default: in chunks with a checksum behind them, which S3 compares.
  const stream = verified.find(({ request }) => request.target.startsWith('/stream'))!;
  assert.equal(stream.payload, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER');
  assert.equal(stream.content.toString(), 'in pieces');
  assert.equal(Object.keys(stream.trailers).length, 1);
  const parts = verified.filter(({ request }) => request.target.includes('partNumber='));
  assert.deepEqual(parts.map(({ content }) => content.length).sort(), [1 << 20, 5 << 20]);
});

test('the command line of AWS puts a file in parts and asks who it is', async t => {
  if (!has(t, 'aws', '--version')) return;
  const file = join(world.dir, 'file');
  writeFileSync(file, Buffer.alloc(9 << 20, 'part '));
  const { code, stderr, stdout } = await signing([
    'sh',
    '-c',
    `aws s3 cp --only-show-errors ${file} s3://reports/c/d.bin && aws sts get-caller-identity --query Account`,
  ]);
  assert.deepEqual(faults, []);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /123456789012/);
  const parts = verified.filter(({ request }) => request.target.includes('partNumber='));
  assert.deepEqual(parts.map(({ content }) => content.length).sort(), [1 << 20, 8 << 20]);
});

const url = (path: string): string => `https://${bucket}${path}`;
const curl = (...args: string[]): Promise<Ran> =>
  signing(['curl', '-sS', '--suppress-connect-headers', '--max-time', '20', '--write-out', '\n%{http_code}', ...args]);
/** As curl signs by itself, and other tools that know no SDK. */
const byCurl = ['--aws-sigv4', `aws:amz:${region}:s3`, '--user', `${placeholder}:${placeholder}`];

/** The status, and the problem if there is one. */
async function told(...args: string[]): Promise<{ status: number; detail: string; code: string }> {
  const { stdout } = await curl(...args);
  const at = stdout.lastIndexOf('\n');
  const { detail = '', code = '' } = stdout.startsWith('{') ? JSON.parse(stdout.slice(0, at)) : {};
  return { status: Number(stdout.slice(at + 1)), detail, code };
}

test('curl signs with --aws-sigv4 and a placeholder, also what it sends, and a request without a signature is signed as its host says', async () => {
  assert.equal((await told(...byCurl, url('/a%20b'))).status, 200);
  assert.equal((await told(...byCurl, '--data-binary', 'text', '-X', 'PUT', url('/c?tagging'))).status, 200);
  assert.equal((await told(url('/?prefix=a+b&list-type=2'))).status, 200);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    verified.map(({ payload }) => payload.slice(0, 8)),
    ['', 'text', ''].map(text => createHash('sha256').update(text).digest('hex').slice(0, 8)),
  );
});

test('a host that is not of AWS is signed for as the agent’s signature says, and not without one', async () => {
  const minio = 'https://minio.test/bucket/key';
  assert.equal((await told('--aws-sigv4', 'aws:amz:home:s3', '--user', 'any:thing', minio)).status, 200);
  assert.equal((await told(...byCurl, minio)).status, 200);
  const { status, detail } = await told(minio);
  assert.equal(status, 502);
  assert.match(detail, /minio\.test doesn't tell the region/);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    verified.map(one => `${one.service} ${one.region}`),
    ['s3 home', `s3 ${region}`],
  );
});

test('a placeholder may stand in the signature, and nowhere else', async () => {
  for (const place of [
    ['-H', `x-amz-meta-key: ${placeholder}`, url('/a')],
    [url(`/a?key=${placeholder}`)],
    [url(`/${placeholder}`)],
  ]) {
    const { status, detail } = await told(...byCurl, ...place);
    assert.equal(status, 403);
    assert.match(detail, /placeholder for a credential stands in the/);
  }
  assert.deepEqual([verified, faults], [[], []]);
});

const signature = 'ab'.repeat(32);
const now = (seconds = 0): string => new Date(Date.now() + seconds * 1000).toISOString().replace(/[:-]|\.\d+/g, '');
const credential = (service: string, at = region): string =>
  `${placeholder}/${now().slice(0, 8)}/${at}/${service}/aws4_request`;
const presigned = (date: string, expires: number, more = ''): string =>
  url(
    `/a?versionId=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(credential('s3'))}` +
      `&X-Amz-Date=${date}&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}${more}`,
  );

test('a presigned URL of the agent is signed anew, for a minute at most and never for longer than it was made for', async () => {
  assert.equal((await told(presigned(now(-30), 3600, '&X-Amz-Security-Token=theirs'))).status, 200);
  assert.equal((await told(presigned(now(-30), 40))).status, 200);
  assert.deepEqual(faults, []);
  const [long, short] = verified.map(({ request }) => new URLSearchParams(request.target.split('?')[1]));
  assert.equal(long?.get('X-Amz-Expires'), '60');
  assert.ok(Number(short?.get('X-Amz-Expires')) <= 10);
  assert.deepEqual([long?.get('versionId'), long?.has('X-Amz-Security-Token')], ['1', false]);
  const late = await told(presigned(now(-90), 60));
  assert.deepEqual([late.status, late.code], [400, 'malformed_request']);
  assert.match(late.detail, /has passed/);
  assert.equal(verified.length, 2);
});

test('what can’t be signed is refused with a sentence, and nothing of it is sent', async () => {
  const signed = (text: string): string[] => [
    '-H',
    `Authorization: AWS4-HMAC-SHA256 Credential=${text}, SignedHeaders=host, Signature=${signature}`,
  ];
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [signed(credential('s3', 'us-west-2')), 502, /signed for the region us-west-2, and goes to reports\.s3/],
    [[...signed(credential('s3')), '-H', `x-amz-content-sha256: ${signature}`], 400, /not the hash of the body/],
  ];
  for (const [args, expected, sentence] of cases) {
    const { detail, status } = await told(...args, '-X', 'PUT', '-d', 'body', url('/a'));
    assert.match(detail, sentence);
    assert.equal(status, expected);
  }
  assert.deepEqual([verified, faults], [[], []]);
});

/** A body in chunks that are signed with a key that nobody has. */
function chunked(content: Buffer, size: number, trailers: string): Buffer {
  const pieces: Buffer[] = [];
  const line = (length: number): Buffer => Buffer.from(`${length.toString(16)};chunk-signature=${signature}\r\n`);
  for (let at = 0; at < content.length; at += size) {
    const data = content.subarray(at, at + size);
    pieces.push(line(data.length), data, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, line(0), Buffer.from(trailers)]);
}

/** As an SDK that signs chunks (those for Java and .NET, MinIO’s) sends it. */
function upload(body: Buffer, length: number, kind: string): Promise<{ status: number; detail: string }> {
  const file = join(world.dir, 'chunked');
  writeFileSync(file, body);
  const fields = {
    Authorization: `AWS4-HMAC-SHA256 Credential=${credential('s3')}, SignedHeaders=host, Signature=${signature}`,
    'Content-Encoding': 'aws-chunked',
    'Content-Type': 'application/octet-stream',
    'X-Amz-Content-Sha256': kind,
    'X-Amz-Decoded-Content-Length': String(length),
    ...(kind.endsWith('TRAILER') ? { 'X-Amz-Trailer': 'x-amz-checksum-crc32c' } : {}),
  };
  const args = Object.entries(fields).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  return told('-T', file, ...args, url('/chunked'));
}

for (const [size, what] of [
  [100_000, 'is read before it is judged'],
  [3_000_000, 'streams'],
] as const) {
  const content = Buffer.alloc(size, 'content ');

  test(`every chunk, and the checksum behind them, of a body that ${what} is signed anew; its length stays`, async () => {
    const plain = chunked(content, 65_536, '\r\n');
    assert.equal((await upload(plain, size, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD')).status, 200);
    const trailers = `x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:${signature}\r\n\r\n`;
    const trailing = chunked(content, 65_536, trailers);
    assert.equal((await upload(trailing, size, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER')).status, 200);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      verified.map(({ content: got, request }) => [got.equals(content), request.headers['content-length']]),
      [plain, trailing].map(sent => [true, String(sent.length)]),
    );
    assert.deepEqual(verified[1]?.trailers, { 'x-amz-checksum-crc32c': 'sOO8/Q==' });
  });

  test(`a body that ${what} and is not in the chunks that it says to be in does not arrive whole`, async () => {
    const broken = chunked(content, 65_536, '\r\n').fill('x', size - 80_000, size - 10_000);
    const { status, detail } = await upload(broken, size, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
    assert.deepEqual([status, verified, faults], [400, [], []]);
    assert.match(detail, /not in signed chunks/);
  });
}

test('the variables of AWS in a .env file are one secret', async () => {
  const file = `AWS_ACCESS_KEY_ID=${keys.id}\nAWS_SECRET_ACCESS_KEY=${keys.secret}\nAWS_SESSION_TOKEN=a+b/c==\n`;
  await world.ok(['gateway', 'create', 'other']);
  const out = await world.ok(['secret', 'import', '-', '--gateway', 'other'], { input: file });
  assert.equal(out.trim(), 'stored   aws-keys');
  assert.match(await world.ok(['secret', 'list']), /aws-keys +sigv4 +aws /);
});

test('a session token goes with the signature, and is hidden with the secret key in answers', async () => {
  const token = 'IQoJb3JpZ2luX2VjE//////////wEaDGV1LWNlbnRyYWwtMSJHMEUC';
  const value = { access_key_id: keys.id, secret_access_key: keys.secret, session_token: token };
  await world.ok(['secret', 'rotate', 'secret-0'], { input: JSON.stringify(value) });
  const { stdout } = await curl(...byCurl, '-H', 'X-Amz-Security-Token: theirs', url('/echo'));
  // The verifier knows no token yet, and its reason quotes what it got.
  assert.match(faults[0] ?? '', /session token/);
  assert.match(stdout, /SignedHeaders=/);
  assert.ok(!stdout.includes(token) && !stdout.includes(keys.secret));
});
