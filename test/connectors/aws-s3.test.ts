/** S3: its operations by IAM's names, the same in every style of its hosts; what else a request does is decided as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generated } from '../../bin/proxy/generated.js';
import aws from '../../connectors/aws.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import type { Classified, Field } from '../../src/model.js';

const catalog = openCatalog([aws], { generated, whole: true });
const lines = (generated('aws').data as { readonly [host: string]: string }).s3!.split('\n').slice(1);

const classify = (line: string, fields: readonly Field[] = []): Classified =>
  catalog.classify(exampleRequest(line, 's3.amazonaws.com', fields));
const all = (classified: Classified): readonly Classified[] => [classified, ...(classified.also ?? [])];
const arn = ({ resource }: Classified): string => `${resource.type}:${resource.id}`;
const names = (classified: Classified): readonly string[] =>
  all(classified).flatMap(({ action }) => [action.name, ...(action.aliases ?? [])]);
const summary = (classified: Classified): readonly string[] =>
  all(classified).map(one => `${one.action.name} ${one.action.access} ${arn(one)}`);

/** What tells operations of one path from each other besides. */
const details: { readonly [operation: string]: readonly [query: string, fields: readonly Field[], body: string] } = {
  AbortMultipartUpload: ['uploadId=u', [], ''],
  CompleteMultipartUpload: ['uploadId=u', [], ''],
  CopyObject: ['', [['x-amz-copy-source', '/other/source']], ''],
  DeleteObjects: ['', [], ' "<Delete><Object><Key>k</Key></Object></Delete>"'],
  ListParts: ['uploadId=u', [], ''],
  UploadPart: ['partNumber=1&uploadId=u', [], ''],
  UploadPartCopy: ['partNumber=1&uploadId=u', [['x-amz-copy-source', 'other/source']], ''],
};

/** Not S3's: of directory buckets and of Object Lambda, at other hosts. */
const elsewhere = ['ListDirectoryBuckets', 'WriteGetObjectResponse'];

test('every operation of S3’s API is described, and has its name there as an alias', () => {
  let count = 0;
  for (const line of lines) {
    const [operation = '', , method, target = ''] = line.split(' ');
    if (elsewhere.includes(operation)) continue;
    const [query = '', fields = [], body = ''] = details[operation] ?? [];
    const path = target.replace('{bucket}', 'bucket').replace('{key+}', 'some/key');
    const found = classify(`${method} https://s3.us-east-1.amazonaws.com${path}${query && `?${query}`}${body}`, fields);
    assert.ok(names(found).includes(`aws.s3.${operation}`), `${line}: ${names(found)}`);
    count += 1;
  }
  assert.ok(count > 90, String(count));
});

const key = fc
  .array(fc.stringMatching(/^[A-Za-z0-9 _.=;!*'()ä€-]{1,8}$/), { minLength: 1, maxLength: 4 })
  .map(parts => parts.map(part => part.replace(/^\.+$/, 'x')).join('/'));
const request = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD', 'POST'),
  key: fc.option(key, { nil: '' }),
  query: fc.constantFrom('', 'acl', 'policy', 'tagging', 'uploads', 'uploadId=u', 'versionId=v1', 'acl&policy', 'frob'),
});

test('a bucket in the host and one in the path are the same, at every kind of endpoint', () => {
  const hosts = [
    's3.eu-west-1',
    's3.dualstack.eu-west-1',
    's3-fips.eu-west-1',
    's3-fips.dualstack.eu-west-1',
    's3-eu-west-1',
  ];
  fc.assert(
    fc.property(
      request,
      fc.constantFrom('data', 'my.dotted-bucket', 'eu-west-1', 'iam'),
      ({ method, key, query }, bucket) => {
        const path = key.split('/').map(encodeURIComponent).join('/');
        const tail = query && `?${query}`;
        const found = hosts.flatMap(host => [
          classify(`${method} https://${host}.amazonaws.com/${bucket}${path && `/${path}`}${tail}`),
          classify(`${method} https://${bucket}.${host}.amazonaws.com/${path}${tail}`),
        ]);
        const [first] = found.map(one => (one.typed ? summary(one) : ['unclassified']));
        for (const one of found) assert.deepEqual(one.typed ? summary(one) : ['unclassified'], first);
        if (found[0]!.typed) assert.equal(arn(found[0]!), `arn:aws:s3:::${bucket}${key && `/${key}`}`);
      },
    ),
    { numRuns: 500 },
  );
});

test('a signature in the query changes nothing', () => {
  const line = 'PUT https://data.s3.us-east-1.amazonaws.com/k?';
  const signature =
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=d&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=s';
  assert.deepEqual(summary(classify(`${line}acl&${signature}`)), [
    'aws.s3.PutObjectAcl permissions arn:aws:s3:::data/k',
  ]);
  assert.deepEqual(summary(classify(`${line}${signature}&x-id=PutObject`)), [
    'aws.s3.PutObject write arn:aws:s3:::data/k',
  ]);
});

test('a copy reads its source, and what can’t be told of the source makes it unclassified', () => {
  const copy = (...sources: string[]): Classified =>
    classify(
      'PUT https://data.s3.us-east-1.amazonaws.com/k',
      sources.map(source => ['x-amz-copy-source', source] as const),
    );
  assert.deepEqual(summary(copy('secret/a%20b?versionId=v1')), [
    'aws.s3.PutObject write arn:aws:s3:::data/k',
    'aws.s3.GetObjectVersion read arn:aws:s3:::secret/a b',
  ]);
  for (const sources of [['a/b', 'a/c'], ['a'], ['a/../b'], ['arn:aws:s3:us-east-1:1:accesspoint/x/object/y']])
    assert.equal(copy(...sources).action.name, 'aws.unclassified', sources.join());
  assert.equal(classify('PUT https://data.s3.amazonaws.com/k?x-amz-copy-source=a%2Fb').typed, false);
});

test('fields that give others access are an action of their own, once or twice', () => {
  for (const fields of [
    [['x-amz-acl', 'public-read']],
    [
      ['X-Amz-Acl', 'private'],
      ['x-amz-acl', 'public-read'],
    ],
  ] as const)
    assert.deepEqual(summary(classify('PUT https://data.s3.us-east-1.amazonaws.com/k', fields)), [
      'aws.s3.PutObjectAcl permissions arn:aws:s3:::data/k',
      'aws.s3.PutObject write arn:aws:s3:::data/k',
    ]);
  assert.equal(
    classify('PUT https://data.s3.us-east-1.amazonaws.com/k?X-Amz-Acl=public-read').action.name,
    'aws.s3.PutObjectAcl',
  );
});

const deletion = (body: string): Classified =>
  classify(`POST https://data.s3.us-east-1.amazonaws.com/?delete ${JSON.stringify(body)}`);
const objects = (keys: readonly string[]): string =>
  `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${keys.map(one => `<Object><Key>${one}</Key></Object>`).join('')}</Delete>`;

test('deleting many objects is deleting each of them', () => {
  const found = deletion(objects(['a', 'b/c&amp;d']));
  assert.deepEqual(summary(found), [
    'aws.s3.DeleteObject delete arn:aws:s3:::data/a',
    'aws.s3.DeleteObject delete arn:aws:s3:::data/b/c&d',
  ]);
  const version = deletion('<Delete><Object><Key>a</Key><VersionId>v</VersionId></Object><Quiet>true</Quiet></Delete>');
  assert.deepEqual(
    [version.action.name, version.action.hints],
    ['aws.s3.DeleteObjectVersion', ['destructive', 'irreversible']],
  );
});

test('deleting too many objects, or unreadable ones, is deleting any object of the bucket', () => {
  const unreadable = [
    objects(Array.from({ length: 50 }, (_, i) => `k${i}`)),
    '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>',
    '<Delete><!-- <Object><Key>a</Key></Object> --><Object><Key>b</Key></Object></Delete>',
    '<!DOCTYPE d [<!ENTITY k "b">]><Delete><Object><Key>&k;</Key></Object></Delete>',
    '<Delete><Object><Key>&k;</Key></Object></Delete>',
    '<Delete><Object><Key><![CDATA[a]]></Key></Object></Delete>',
    'frob',
  ];
  for (const body of unreadable) {
    const found = deletion(body);
    assert.deepEqual(summary(found), [
      'aws.s3.DeleteObject delete arn:aws:s3:::data',
      'aws.s3.DeleteObjectVersion delete arn:aws:s3:::data',
    ]);
    for (const { action } of all(found)) assert.deepEqual(action.unknown, ['key', 'resource'], body);
  }
});

test('a body that isn’t read leaves a PutObject what it is', () => {
  const base = exampleRequest('PUT https://data.s3.us-east-1.amazonaws.com/k "abc"', '', [
    ['Content-Encoding', 'aws-chunked'],
    ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
  ]);
  for (const state of ['complete', 'truncated', 'opaque'] as const)
    assert.deepEqual(summary(catalog.classify({ ...base, body: { ...base.body, state } })), [
      'aws.s3.PutObject write arn:aws:s3:::data/k',
    ]);
});

test('a request to S3 that could be read in two ways is unclassified', () => {
  for (const line of [
    'GET https://data.s3.amazonaws.com/?acl&acl',
    'GET https://data.s3.amazonaws.com/?acl&policy',
    'GET https://data.s3.amazonaws.com/?ACL',
    'GET https://data.s3.amazonaws.com/k?x-id=DeleteObject',
    'GET https://data.s3.amazonaws.com/a+b',
    'GET https://data.s3.amazonaws.com/a%252Fb',
    'GET https://data.s3.amazonaws.com/a%2F..%2Fb',
    'GET https://s3.amazonaws.com/data%2Fk',
    'PUT https://data.s3.amazonaws.com/k?versions',
    'POST https://data.s3.amazonaws.com/k',
    'GET https://point-123456789012.s3-accesspoint.us-east-1.amazonaws.com/k',
  ])
    assert.equal(classify(line).action.name, 'aws.unclassified', line);
});
