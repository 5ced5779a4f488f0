/** An agent whose SDKs send other bytes at each try: they sign anew, or put another boundary between the parts of a form. */
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import OpenAI from 'openai';

const s3 = new S3Client({ maxAttempts: 8 });
const Bucket = 'reports';
const doings: Readonly<Record<string, () => Promise<unknown>>> = {
  put: () => s3.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'whole' })),
  delete: () => s3.send(new DeleteObjectCommand({ Bucket, Key: 'old' })),
  upload: () =>
    new OpenAI({ maxRetries: 8 }).files.create({ file: new File(['{"a":1}\n'], 'a.jsonl'), purpose: 'batch' }),
};
await doings[process.argv[2]!]!();
