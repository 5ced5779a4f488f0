/**
 * What S3's methods and sub-resources mean, by hand: IAM has other names for them than the API.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
import type { Access, Hint } from '../../src/model.js';

/** One operation of S3. */
export interface S3Operation {
  /** Name in IAM. */
  readonly action: string;
  /** Name in IAM if the request names a version. */
  readonly version: string;
  /** Names in the API. */
  readonly names: readonly string[];
  readonly access: Access;
  readonly hints: readonly Hint[];
}

/** Access by the letter that tables have for it. */
export const accesses: { readonly [letter: string]: Access } = {
  l: 'list',
  r: 'read',
  w: 'write',
  d: 'delete',
  p: 'permissions',
};

/** `METHOD sub-resource ACCESS IAM-name API-names…`; `-` if there is no sub-resource; `V` makes `Object` `ObjectVersion`. */
const ofBuckets = `
GET - l ListBucket ListObjects ListObjectsV2
HEAD - l ListBucket HeadBucket
PUT - w CreateBucket
DELETE - dx DeleteBucket
GET accelerate r GetAccelerateConfiguration GetBucketAccelerateConfiguration
PUT accelerate w PutAccelerateConfiguration PutBucketAccelerateConfiguration
GET acl r GetBucketAcl
PUT acl p PutBucketAcl
GET analytics r GetAnalyticsConfiguration GetBucketAnalyticsConfiguration ListBucketAnalyticsConfigurations
PUT analytics w PutAnalyticsConfiguration PutBucketAnalyticsConfiguration
DELETE analytics d PutAnalyticsConfiguration DeleteBucketAnalyticsConfiguration
GET cors r GetBucketCORS GetBucketCors
PUT cors p PutBucketCORS PutBucketCors
DELETE cors p PutBucketCORS DeleteBucketCors
GET encryption r GetEncryptionConfiguration GetBucketEncryption
PUT encryption p PutEncryptionConfiguration PutBucketEncryption
DELETE encryption px PutEncryptionConfiguration DeleteBucketEncryption
GET intelligent-tiering r GetIntelligentTieringConfiguration GetBucketIntelligentTieringConfiguration ListBucketIntelligentTieringConfigurations
PUT intelligent-tiering w PutIntelligentTieringConfiguration PutBucketIntelligentTieringConfiguration
DELETE intelligent-tiering d PutIntelligentTieringConfiguration DeleteBucketIntelligentTieringConfiguration
GET inventory r GetInventoryConfiguration GetBucketInventoryConfiguration ListBucketInventoryConfigurations
PUT inventory p PutInventoryConfiguration PutBucketInventoryConfiguration
DELETE inventory d PutInventoryConfiguration DeleteBucketInventoryConfiguration
GET lifecycle r GetLifecycleConfiguration GetBucketLifecycle GetBucketLifecycleConfiguration
PUT lifecycle dx PutLifecycleConfiguration PutBucketLifecycle PutBucketLifecycleConfiguration
DELETE lifecycle d PutLifecycleConfiguration DeleteBucketLifecycle
GET location r GetBucketLocation
GET logging r GetBucketLogging
PUT logging w PutBucketLogging
GET metrics r GetMetricsConfiguration GetBucketMetricsConfiguration ListBucketMetricsConfigurations
PUT metrics w PutMetricsConfiguration PutBucketMetricsConfiguration
DELETE metrics d PutMetricsConfiguration DeleteBucketMetricsConfiguration
GET notification r GetBucketNotification GetBucketNotificationConfiguration
PUT notification w PutBucketNotification PutBucketNotificationConfiguration
GET object-lock r GetBucketObjectLockConfiguration GetObjectLockConfiguration
PUT object-lock p PutBucketObjectLockConfiguration PutObjectLockConfiguration
GET ownershipControls r GetBucketOwnershipControls
PUT ownershipControls p PutBucketOwnershipControls
DELETE ownershipControls p PutBucketOwnershipControls DeleteBucketOwnershipControls
GET policy r GetBucketPolicy
PUT policy p PutBucketPolicy
DELETE policy p DeleteBucketPolicy
GET policyStatus r GetBucketPolicyStatus
GET publicAccessBlock r GetBucketPublicAccessBlock GetPublicAccessBlock
PUT publicAccessBlock p PutBucketPublicAccessBlock PutPublicAccessBlock
DELETE publicAccessBlock p PutBucketPublicAccessBlock DeletePublicAccessBlock
GET replication r GetReplicationConfiguration GetBucketReplication
PUT replication p PutReplicationConfiguration PutBucketReplication
DELETE replication d PutReplicationConfiguration DeleteBucketReplication
GET requestPayment r GetBucketRequestPayment
PUT requestPayment w PutBucketRequestPayment
GET session p CreateSession
GET tagging r GetBucketTagging
PUT tagging w PutBucketTagging
DELETE tagging w PutBucketTagging DeleteBucketTagging
GET uploads l ListBucketMultipartUploads ListMultipartUploads
GET versioning r GetBucketVersioning
PUT versioning wx PutBucketVersioning
GET versions l ListBucketVersions ListObjectVersions
GET website r GetBucketWebsite
PUT website p PutBucketWebsite
DELETE website d DeleteBucketWebsite
`;

const ofObjects = `
GET - rV GetObject
HEAD - rV GetObject HeadObject
PUT - w PutObject
DELETE - dxV DeleteObject
GET acl rV GetObjectAcl
PUT acl pV PutObjectAcl
GET attributes rV GetObjectAttributes
GET legal-hold r GetObjectLegalHold
PUT legal-hold p PutObjectLegalHold
POST restore w RestoreObject
GET retention r GetObjectRetention
PUT retention p PutObjectRetention
POST select r GetObject SelectObjectContent
GET tagging rV GetObjectTagging
PUT tagging wV PutObjectTagging
DELETE tagging wV DeleteObjectTagging
GET torrent rV GetObjectTorrent
GET uploadId l ListMultipartUploadParts ListParts
PUT uploadId w PutObject UploadPart
POST uploadId w PutObject CompleteMultipartUpload
DELETE uploadId d AbortMultipartUpload
POST uploads w PutObject CreateMultipartUpload
`;

function read(text: string): ReadonlyMap<string, S3Operation> {
  const rows = text.trim().split('\n');
  return new Map(
    rows.map(row => {
      const [method, sub, access = '', action = '', ...names] = row.split(' ');
      const operation: S3Operation = {
        action,
        version: access.endsWith('V') ? action.replace('Object', 'ObjectVersion') : action,
        names: names.length > 0 ? names : [action],
        access: accesses[access[0]!]!,
        hints: access[1] === 'x' ? ['destructive'] : [],
      };
      return [`${method} ${sub}`, operation];
    }),
  );
}

/** By method and sub-resource (`-` if there is none). */
export const bucketOperations = read(ofBuckets);
export const objectOperations = read(ofObjects);

/** `?acl` and its like, which say what a request is about. */
export const subResources: ReadonlySet<string> = new Set(
  [...bucketOperations.keys(), ...objectOperations.keys(), 'POST delete']
    .map(key => key.split(' ')[1]!)
    .filter(sub => sub !== '-'),
);

/** What else a query may have without meaning anything else; what is neither is not described. */
export const details: ReadonlySet<string> = new Set(
  `AWSAccessKeyId Expires Signature bucket-region continuation-token delimiter encoding-type fetch-owner id key-marker
  list-type marker max-buckets max-keys max-parts max-uploads part-number-marker partNumber prefix select-type start-after
  upload-id-marker version-id-marker versionId x-id response-cache-control response-content-disposition
  response-content-encoding response-content-language response-content-type response-expires`.split(/\s+/),
);
