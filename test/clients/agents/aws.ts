/** An agent that uses S3, STS, IAM and DynamoDB, and finds its keys and its region where SDKs look for them. */
import { Readable } from 'node:stream';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { Upload } from '@aws-sdk/lib-storage';

const s3 = new S3Client();
const Bucket = 'reports';
const Key = 'q3/a b+(1)!ü=~.txt';

await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'whole', Metadata: { from: 'an  agent' } }));
const Body = Readable.from([Buffer.from('in '), Buffer.from('pieces')]);
await s3.send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: 9 }));
const { Body: got } = await s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=1-3' }));
const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'q3/a b+', MaxKeys: 2 }));
const parts = new Upload({ client: s3, params: { Bucket, Key: 'long', Body: Readable.from(pieces()) } });
const { ETag } = await parts.done();
const { Account } = await new STSClient().send(new GetCallerIdentityCommand());
const { Users } = await new IAMClient().send(new ListUsersCommand({ PathPrefix: '/a/' }));
const dynamo = new DynamoDBClient();
await dynamo.send(new PutItemCommand({ TableName: 't', Item: { id: { S: '1' }, text: { S: 'ü' } } }));
const { Item } = await dynamo.send(new GetItemCommand({ TableName: 't', Key: { id: { S: '1' } } }));
const seen = [await got?.transformToString(), KeyCount, ETag, Account, Users?.length, Item];
console.log(JSON.stringify(seen));

/** 6 MiB: a part of five, and the rest. */
function* pieces(): Generator<Buffer> {
  for (let i = 0; i < 96; i++) yield Buffer.alloc(65_536, i);
}
