/** Signing for AWS: whatever is sent is what was judged, with a signature that a verifier of its own accepts; and nothing else. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { findPlaceholder, needles, parseScheme, signAws, stripOwn, valueFault } from '../../src/credentials/index.js';
import { toldBy } from '../../src/credentials/sigv4-host.js';
import { Refusal } from '../../src/errors.js';
import type { CanonicalRequest, Field } from '../../src/model.js';
import { type Keys, verify } from '../clients/aws-verifier.js';
import type { Received } from '../world.js';

const keys = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', token: 'IQoJ//w+x=' };
const value = JSON.stringify({ access_key_id: keys.id, secret_access_key: keys.secret, session_token: keys.token });
const lease = { scheme: 'sigv4', value: Buffer.from(value) } as const;
const now = Date.UTC(2026, 10, 20, 12, 34, 56);
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const own = (service: string, region = 'eu-central-1'): Field => [
  'Authorization',
  `AWS4-HMAC-SHA256 Credential=AKIAtfplaceholder000/20261120/${region}/${service}/aws4_request,SignedHeaders=host,Signature=00`,
];

function request(body: string | Buffer, more: Partial<CanonicalRequest> = {}): CanonicalRequest {
  const bytes = Buffer.from(body);
  return {
    scheme: 'https',
    host: 'sqs.eu-central-1.amazonaws.com',
    port: 443,
    method: 'POST',
    path: '/',
    query: '',
    fields: [],
    body:
      bytes.length === 0
        ? { state: 'none', bytes: 0 }
        : { state: 'complete', bytes: bytes.length, sha256: sha256(bytes) },
    content: bytes,
    upgrade: null,
    ...more,
  };
}

const sign = (of: CanonicalRequest) => signAws(of, lease, { authority: of.host, now });

/** A signed request as a server gets it. */
function received({ method, path, query, host, fields }: CanonicalRequest, body: string | Buffer): Received {
  const headers: Record<string, string> = { host };
  for (const [name, text] of fields) {
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? text : `${headers[key]}, ${text}`;
  }
  const target = query === '' ? path : `${path}?${query}`;
  return { method, host, target, rawHeaders: [], headers, body: Buffer.from(body) };
}

const check = (got: Received, by: Keys = keys): ReturnType<typeof verify> => verify(got, by, now + 1000);

const segment = fc.stringMatching(/^[A-Za-z0-9._~!$&'()*+,;=:@-]{1,12}$/);
const escaped = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).map(text =>
  // As the proxy spells it: unreserved characters bare, digits in upper case; slashes and dots can't be told apart.
  encodeURIComponent(text.replace(/[/.\u0000-\u001f\\\u007f\ufffd]/g, 'x')),
);
const parameter = fc.tuple(escaped, escaped).map(([name, text]) => `p${name}+=+${text}`);

test('whatever the request, the verifier accepts its signature, and rejects it after any change', () => {
  const requests = fc.record({
    service: fc.constantFrom('s3', 'sqs', 'lambda'),
    path: fc
      .array(fc.oneof(segment, escaped), { maxLength: 4 })
      .map(all => `/${all.filter(s => !/^\.+$/.test(s)).join('/')}`),
    query: fc.array(parameter, { maxLength: 4 }).map(all => all.join('&')),
    meta: fc.stringMatching(/^[!-~\xa0-\xff](?:[ -~\xa0-\xff]{0,12}[!-~\xa0-\xff])?$/),
    body: fc.string({ maxLength: 40 }),
    presigned: fc.boolean(),
  });
  fc.assert(
    fc.property(requests, ({ service, path, query, meta, body, presigned }) => {
      const host = `${service}.eu-central-1.amazonaws.com`;
      const [, text] = own(service);
      const named = /Credential=([^,]+)/.exec(text)![1]!;
      const inQuery = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(named)}&X-Amz-Date=20261120T123456Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00`;
      const fields: Field[] = [
        ['X-Amz-Meta-Text', meta],
        ['Content-Type', 'text/plain'],
      ];
      const asked = presigned
        ? request(body, { host, path, query: query === '' ? inQuery : `${query}&${inQuery}`, fields })
        : request(body, { host, path, query, fields: [...fields, own(service)] });
      const { request: sent, replaced } = sign(asked);
      assert.ok(replaced);
      assert.deepEqual([sent.path, sent.method, sent.body], [path, asked.method, asked.body]);
      assert.ok(sent.query === query || sent.query.startsWith(`${query}${query === '' ? '' : '&'}X-Amz-Algorithm=`));
      const got = received(sent, body);
      assert.deepEqual([check(got).service, check(got).region], [service, 'eu-central-1']);

      const changes: Received[] = [
        { ...got, method: 'PUT' },
        { ...got, target: got.target.replace(/^\//, '/x') },
        { ...got, target: `${got.target}${got.target.includes('?') ? '&' : '?'}more` },
        { ...got, headers: { ...got.headers, host: 'other.eu-central-1.amazonaws.com' } },
        { ...got, headers: { ...got.headers, 'x-amz-meta-text': `${meta}x` } },
        { ...got, headers: { ...got.headers, 'x-amz-more': '1' } },
      ];
      // What is presigned for S3 says nothing of the body.
      if (!(presigned && service === 's3')) changes.push({ ...got, body: Buffer.from(`${body}x`) });
      for (const changed of changes) assert.throws(() => check(changed));
      assert.throws(() => check(got, { ...keys, secret: `${keys.secret}x` }));
      assert.throws(() => check(got, { id: keys.id, secret: keys.secret }));
      assert.throws(() => verify(got, keys, now + 16 * 60_000));
    }),
    { numRuns: 150 },
  );
});

test('of the agent’s signature nothing is left, wherever it stood', () => {
  const query = 'a=1&x-amz-signature=00&X-Amz-Security-Token=theirs&AWSAccessKeyId=AKIA&%58-Amz-Credential=AKIA';
  const fields: Field[] = [
    own('sqs'),
    ['X_Amz_Security_Token', 'theirs'],
    ['x-amz-s3session-token', 'theirs'],
    ['A', 'b'],
  ];
  const stripped = stripOwn(request('', { query, fields }), 'sigv4');
  assert.deepEqual([stripped.request.query, stripped.request.fields, stripped.removed], ['a=1', [['A', 'b']], true]);
  assert.equal(findPlaceholder(stripped.request, null), null);
  const plain = request('', { query: 'a=1' });
  assert.deepEqual(stripOwn(plain, 'sigv4'), { request: plain, removed: false });
});

test('date and session are ours, also where the agent named others', () => {
  const fields: Field[] = [own('sqs'), ['X-Amz-Date', '20200101T000000Z'], ['X-Amz-Security-Token', 'theirs']];
  const { request: sent, hidden } = sign(request('', { fields }));
  const named = (name: string): string[] => sent.fields.filter(([own]) => own === name).map(([, text]) => text);
  assert.deepEqual([named('X-Amz-Date'), named('X-Amz-Security-Token')], [['20261120T123456Z'], [keys.token]]);
  assert.equal(hidden, false);
  const bare = {
    scheme: 'sigv4',
    value: Buffer.from(JSON.stringify({ ...JSON.parse(value), session_token: undefined })),
  } as const;
  const without = signAws(request('', { fields }), bare, { authority: 'sqs.eu-central-1.amazonaws.com', now });
  assert.ok(without.hidden && !without.request.fields.some(([name]) => name === 'X-Amz-Security-Token'));
});

test('parts of an answer may be asked for where no answer can have the secret in it', () => {
  const hidden = (host: string, service: string): boolean => sign(request('', { host, fields: [own(service)] })).hidden;
  assert.equal(hidden('bucket.s3.eu-central-1.amazonaws.com', 's3'), true);
  assert.equal(hidden('minio.test', 's3'), false);
  assert.equal(hidden('ab12.execute-api.eu-central-1.amazonaws.com', 'execute-api'), false);
});

test('the name of a host tells service and region, and a scope that is not among them is refused', () => {
  const hosts: readonly (readonly [string, string, string | null])[] = [
    ['iam.amazonaws.com', 'iam', null],
    ['sts.eu-west-1.amazonaws.com', 'sts', 'eu-west-1'],
    ['sts-fips.us-east-1.amazonaws.com', 'sts', 'us-east-1'],
    ['s3.amazonaws.com', 's3', null],
    ['s3-us-west-2.amazonaws.com', 's3', 'us-west-2'],
    ['my.bucket.s3.us-gov-west-1.amazonaws.com', 's3', 'us-gov-west-1'],
    ['eu-west-1.s3.amazonaws.com', 's3', null],
    ['bucket.s3.dualstack.ap-southeast-2.amazonaws.com', 's3', 'ap-southeast-2'],
    ['bucket.s3-accelerate.amazonaws.com', 's3', null],
    ['123456789012.s3-control.eu-west-1.amazonaws.com', 's3', 'eu-west-1'],
    ['bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com', 's3', 'eu-west-1'],
    ['bucket--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com', 's3express', 'us-east-1'],
    ['email.eu-west-1.amazonaws.com', 'ses', 'eu-west-1'],
    ['api.ecr.eu-west-1.amazonaws.com', 'ecr', 'eu-west-1'],
    ['runtime.sagemaker.eu-west-1.amazonaws.com', 'sagemaker', 'eu-west-1'],
    ['bedrock-runtime.us-east-1.amazonaws.com', 'bedrock', 'us-east-1'],
    ['123456789012.ddb.us-east-1.amazonaws.com', 'dynamodb', 'us-east-1'],
    ['search-books-x1.us-east-1.es.amazonaws.com', 'es', 'us-east-1'],
    ['eu-west-1.queue.amazonaws.com', 'sqs', 'eu-west-1'],
    ['ab12.execute-api.eu-north-1.amazonaws.com', 'execute-api', 'eu-north-1'],
    ['abc.lambda-url.eu-west-1.on.aws', 'lambda', 'eu-west-1'],
    ['ec2.cn-north-1.amazonaws.com.cn', 'ec2', 'cn-north-1'],
    ['dynamodb.us-east-1.api.aws', 'dynamodb', 'us-east-1'],
  ];
  for (const [host, service, region] of hosts) {
    const told = toldBy(host);
    assert.deepEqual([told?.services[0], told?.region], [service, region], host);
    const to = region ?? 'us-east-1';
    const path = '/key';
    assert.equal(check(received(sign(request('', { host, path, method: 'GET' })).request, '')).region, to, host);
    sign(request('', { host, path, fields: [own(service, to)] }));
    for (const wrong of [own(`${service}x`, to), ...(region === null ? [] : [own(service, 'eu-south-9')])])
      assert.throws(
        () => sign(request('', { host, path, fields: [wrong] })),
        (error: Refusal) => error.code === 'credential_unavailable' && error.message.includes(`goes to ${host}`),
      );
  }
  assert.equal(toldBy('amazonaws.com.evil.test'), null);
  assert.deepEqual(toldBy('eu-west-1.amazonaws.com'), { services: [], region: 'eu-west-1' });
});

test('the hash of a body is told, or ours, or none: only where S3 takes it so', () => {
  const truncated = { state: 'truncated', bytes: 1 << 20 } as const;
  const hashOf = (of: CanonicalRequest): string | undefined =>
    sign(of).request.fields.find(([name]) => /^x-amz-content-sha256$/i.test(name))?.[1];
  const s3 = { host: 's3.eu-central-1.amazonaws.com' };
  const given = (text: string): Partial<CanonicalRequest> => ({ fields: [['x-amz-content-sha256', text]] });
  assert.equal(hashOf(request('body', s3)), sha256('body'));
  assert.equal(hashOf(request('', s3)), sha256(''));
  assert.equal(hashOf(request('', { ...s3, body: truncated })), 'UNSIGNED-PAYLOAD');
  assert.equal(hashOf(request('', { ...s3, body: truncated, ...given(sha256('long')) })), sha256('long'));
  assert.equal(hashOf(request('body', { ...s3, ...given('UNSIGNED-PAYLOAD') })), 'UNSIGNED-PAYLOAD');
  assert.equal(hashOf(request('body')), undefined);
  const refused = (of: CanonicalRequest, sentence: RegExp): void =>
    assert.throws(
      () => sign(of),
      (error: Error) => error instanceof Refusal && sentence.test(error.message),
    );
  refused(request('', { body: truncated }), /too long to be read/);
  refused(request('body', given(sha256('other'))), /not the hash of the body/);
  const twice: Field[] = [
    ['x-amz-content-sha256', sha256('body')],
    ['X-Amz-Content-Sha256', 'UNSIGNED-PAYLOAD'],
  ];
  refused(request('body', { fields: twice }), /more than once/);
});

test('a signature that can’t be made anew, or read in one way, is refused with a sentence', () => {
  const signed = (text: string): Partial<CanonicalRequest> => ({ fields: [['Authorization', text]] });
  const kind = (text: string): Partial<CanonicalRequest> => ({ fields: [own('sqs'), ['X-Amz-Content-Sha256', text]] });
  const [, usual] = own('sqs');
  const inQuery = (algorithm: string, more = ''): string =>
    `X-Amz-Algorithm=${algorithm}&X-Amz-Credential=AKIA/20261120/eu-central-1/sqs/aws4_request&X-Amz-Date=20261120T123456Z&X-Amz-Expires=60&X-Amz-Signature=00${more}`;
  const cases: readonly (readonly [Partial<CanonicalRequest>, string, RegExp])[] = [
    [
      signed('AWS4-ECDSA-P256-SHA256 Credential=AKIA/20261120/sqs/aws4_request'),
      'credential_unavailable',
      /Version 4A/,
    ],
    [{ query: inQuery('AWS4-ECDSA-P256-SHA256') }, 'credential_unavailable', /Version 4A/],
    [signed('AWS AKIA:c2ln'), 'credential_unavailable', /Version 2/],
    [{ query: 'AWSAccessKeyId=AKIA&Signature=c2ln' }, 'credential_unavailable', /Version 2/],
    [kind('STREAMING-AWS4-HMAC-SHA256-EVENTS'), 'credential_unavailable', /streams of events/],
    [kind('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'), 'credential_unavailable', /Version 4A/],
    [signed('AWS4-HMAC-SHA256 Credential=AKIA, Signature=00'), 'malformed_request', /KEY\/DATE\/REGION/],
    [{ ...signed(usual), query: inQuery('AWS4-HMAC-SHA256') }, 'malformed_request', /twice/],
    [{ query: inQuery('AWS4-HMAC-SHA256', '&X-Amz-Date=20261120T123457Z') }, 'malformed_request', /X-Amz-Date 2 times/],
  ];
  for (const [more, code, sentence] of cases)
    assert.throws(
      () => sign(request('body', more)),
      (error: Refusal) => error.code === code && sentence.test(error.message),
    );
});

test('a secret for sigv4 is an object with both keys, of which the id may be seen in answers', () => {
  assert.equal(parseScheme('sigv4'), 'sigv4');
  assert.equal(valueFault('sigv4', lease.value), null);
  assert.match(valueFault('sigv4', Buffer.from('AKIA:secret')) ?? '', /not JSON/);
  assert.match(valueFault('sigv4', Buffer.from('{"access_key_id":"AKIA"}')) ?? '', /secret_access_key/);
  const found = needles(lease.value, 'sigv4').map(String);
  assert.ok(found.includes(keys.secret) && found.includes(keys.token));
  assert.ok(!found.includes(keys.id));
});
