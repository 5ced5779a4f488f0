/** What AWS's own SDK sends is what its commands are called. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as iam from '@aws-sdk/client-iam';
import * as s3 from '@aws-sdk/client-s3';
import * as sts from '@aws-sdk/client-sts';
import { generated } from '../../bin/proxy/generated.js';
import aws from '../../connectors/aws.js';
import { openCatalog } from '../../src/action/catalog.js';
import type { CanonicalRequest, Classified } from '../../src/model.js';

const catalog = openCatalog([aws], { generated });

/** The part of a request that the SDK's middleware shows, before it is sent. */
interface Sent {
  readonly method: string;
  readonly hostname: string;
  readonly path: string;
  readonly query?: { readonly [name: string]: string | readonly string[] | null };
  readonly headers: { readonly [name: string]: string };
  readonly body?: unknown;
}

function canonical({ method, hostname, path, query = {}, headers, body }: Sent): CanonicalRequest {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const content = bytes instanceof Uint8Array && bytes.length > 0 ? bytes : null;
  return {
    scheme: 'https',
    host: hostname,
    port: 443,
    method,
    path,
    query: Object.entries(query)
      .map(
        ([name, value]) =>
          `${encodeURIComponent(name)}${value === '' || value === null ? '' : `=${encodeURIComponent(String(value))}`}`,
      )
      .join('&'),
    fields: Object.entries(headers),
    body: content === null ? { state: 'none', bytes: 0 } : { state: 'complete', bytes: content.length },
    content,
    upgrade: null,
  };
}

interface Client {
  readonly middlewareStack: { add(middleware: unknown, options: unknown): void };
  send(command: never): Promise<unknown>;
}

const settings = {
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIAtfplaceholder000', secretAccessKey: 'tfplaceholder' },
};

/** What the command would send, as it is classified. */
async function sent(client: Client, command: unknown): Promise<readonly string[]> {
  let request: Sent | undefined;
  client.middlewareStack.add(
    () => (args: { readonly request: Sent }) => {
      request = args.request;
      return Promise.reject(new Error('not sent'));
    },
    { step: 'finalizeRequest', priority: 'low', override: true, name: 'show' },
  );
  await assert.rejects(client.send(command as never), /not sent/);
  const found = catalog.classify(canonical(request!));
  const print = ({ action, resource, typed }: Classified): string =>
    `${typed ? '' : 'un'}typed ${action.name} ${resource.type}:${resource.id}`;
  return [found, ...(found.also ?? [])].map(print);
}

const bucket = { Bucket: 'data', Key: 'a b/c+d.txt' };
const object = 'arn:aws:s3:::data/a b/c+d.txt';
const cases: readonly (readonly [name: string, client: () => Client, command: unknown, found: readonly string[]])[] = [
  [
    'STS GetCallerIdentity',
    () => new sts.STSClient(settings),
    new sts.GetCallerIdentityCommand({}),
    ['aws.sts.GetCallerIdentity arn:aws:sts:::'],
  ],
  [
    'IAM DeleteUser',
    () => new iam.IAMClient(settings),
    new iam.DeleteUserCommand({ UserName: 'bob' }),
    ['aws.iam.DeleteUser arn:aws:iam:::user/bob'],
  ],
  [
    'DynamoDB DeleteItem',
    () => new dynamodb.DynamoDBClient(settings),
    new dynamodb.DeleteItemCommand({ TableName: 'Orders', Key: { id: { S: '1' } } }),
    ['aws.dynamodb.DeleteItem arn:aws:dynamodb:eu-west-1::table/Orders'],
  ],
  [
    'S3 ListBuckets',
    () => new s3.S3Client(settings),
    new s3.ListBucketsCommand({}),
    ['aws.s3.ListAllMyBuckets arn:aws:s3:::'],
  ],
  [
    'S3 ListObjectsV2',
    () => new s3.S3Client(settings),
    new s3.ListObjectsV2Command({ Bucket: 'data', Prefix: 'x/' }),
    ['aws.s3.ListBucket arn:aws:s3:::data'],
  ],
  [
    'S3 GetObject',
    () => new s3.S3Client({ ...settings, forcePathStyle: true }),
    new s3.GetObjectCommand(bucket),
    [`aws.s3.GetObject ${object}`],
  ],
  [
    'S3 PutObject',
    () => new s3.S3Client(settings),
    new s3.PutObjectCommand({ ...bucket, Body: 'x' }),
    [`aws.s3.PutObject ${object}`],
  ],
  [
    'S3 CreateMultipartUpload',
    () => new s3.S3Client(settings),
    new s3.CreateMultipartUploadCommand(bucket),
    [`aws.s3.PutObject ${object}`],
  ],
  [
    'S3 UploadPart',
    () => new s3.S3Client(settings),
    new s3.UploadPartCommand({ ...bucket, UploadId: 'u', PartNumber: 1, Body: 'x' }),
    [`aws.s3.PutObject ${object}`],
  ],
  [
    'S3 CompleteMultipartUpload',
    () => new s3.S3Client(settings),
    new s3.CompleteMultipartUploadCommand({
      ...bucket,
      UploadId: 'u',
      MultipartUpload: { Parts: [{ ETag: 'e', PartNumber: 1 }] },
    }),
    [`aws.s3.PutObject ${object}`],
  ],
  [
    'S3 AbortMultipartUpload',
    () => new s3.S3Client(settings),
    new s3.AbortMultipartUploadCommand({ ...bucket, UploadId: 'u' }),
    [`aws.s3.AbortMultipartUpload ${object}`],
  ],
  [
    'S3 CopyObject',
    () => new s3.S3Client(settings),
    new s3.CopyObjectCommand({ ...bucket, CopySource: 'other/k' }),
    [`aws.s3.PutObject ${object}`, 'aws.s3.GetObject arn:aws:s3:::other/k'],
  ],
  [
    'S3 DeleteObjects',
    () => new s3.S3Client(settings),
    new s3.DeleteObjectsCommand({
      Bucket: 'data',
      Delete: { Objects: [{ Key: 'a&b' }, { Key: 'c', VersionId: 'v' }] },
    }),
    ['aws.s3.DeleteObject arn:aws:s3:::data/a&b', 'aws.s3.DeleteObjectVersion arn:aws:s3:::data/c'],
  ],
  [
    'S3 PutBucketPolicy',
    () => new s3.S3Client(settings),
    new s3.PutBucketPolicyCommand({ Bucket: 'data', Policy: '{}' }),
    ['aws.s3.PutBucketPolicy arn:aws:s3:::data'],
  ],
];

for (const [name, client, command, found] of cases)
  test(`what the SDK sends for ${name} is that`, async () => {
    assert.deepEqual(
      await sent(client(), command),
      found.map(one => `typed ${one}`),
    );
  });
