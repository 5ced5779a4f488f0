/**
 * S3: buckets in the host or in the path, sub-resources, copies, and the headers that do something besides. Names of
 * actions are IAM's; the API's are aliases.
 */
import type { Hint, Meaning, Reader, RequestView, Value } from '../../src/model.js';
import { type Place, placeOf } from './host.js';
import { isEmpty, mostAtOnce } from './meaning.js';
import { keysIn } from './s3-delete.js';
import { bucketOperations, details, objectOperations, type S3Operation, subResources } from './s3-operations.js';
import { pairOf } from './values.js';

/** A bucket, or an object in it. */
interface Target {
  readonly bucket: string;
  readonly key: string;
}

/** Bucket and key from host and path; null if another reader could find other ones. */
function targetOf({ front }: Place, path: string): Target | null {
  const [, first = '', rest = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  const bucket = front === '' ? first : front;
  const key = decoded(front === '' ? rest : path.slice(1));
  return key !== null && (bucket === '' ? key === '' : isBucket(bucket)) && isKey(key) ? { bucket, key } : null;
}

const isBucket = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(name);

/** Buckets can't be called so: it is another name of one that isn't said, or of what stands in front of it. */
const isAlias = (name: string): boolean => /(?:-s3alias|--ol-s3|--xa-s3|\.mrap)$/.test(name);

/** Keys are any text; not one that somebody would decode again, or take for another path. */
const isKey = (key: string): boolean =>
  key.length <= 1024 &&
  !/[\u0000-\u001f\u007f-\u009f]|%[0-9a-fA-F]{2}/.test(key) &&
  !key.split('/').some(part => part === '.' || part === '..');

/** S3 has taken `+` in a path for a space. */
function decoded(text: string): string | null {
  if (text.includes('+')) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const arnOf = ({ partition }: Place, { bucket, key }: Target): string =>
  `arn:${partition}:s3:::${bucket}${key === '' ? '' : `/${key}`}`;

/** What the query says: the sub-resource (`-` if there is none), and the version; null if it isn't described. */
function queryOf({ query }: RequestView): { sub: string; version: string | null; id: string | null } | null {
  // A signature in the query may cover fields there as well: those that only say how are no matter, a source of a copy is.
  const names = query.map(([name]) => name).filter(name => !/^x-amz-(?!copy-)/i.test(name));
  if (new Set(names).size !== names.length) return null;
  const subs = names.filter(name => subResources.has(name));
  if (subs.length > 1 || !names.every(name => subResources.has(name) || details.has(name))) return null;
  // Only an upload has a name there; with one that is empty, or where none belongs, it could be no sub-resource at all.
  if (query.some(([name, value]) => subResources.has(name) && (value === '') === (name === 'uploadId'))) return null;
  const version = pairOf(query, 'versionId');
  const id = pairOf(query, 'x-id');
  if (version === null || id === null) return null;
  return { sub: subs[0] ?? '-', version: version?.[0] ?? null, id: id?.[0] ?? null };
}

/** The parameters that every meaning has. */
function parametersOf(place: Place, { bucket, key }: Target): { readonly [name: string]: Value } {
  const region = place.region === '' ? 'global' : place.region;
  return { service: 's3', region, ...(bucket !== '' && { bucket }), ...(key !== '' && { key }) };
}

function meaningOf(place: Place, target: Target, operation: S3Operation, version: string | null): Meaning {
  const action = version === null ? operation.action : operation.version;
  const aliases = [...new Set([operation.action, ...operation.names])].filter(name => name !== action);
  // A version that is deleted is gone; without one there is a marker, or nothing, by what the bucket is set to.
  const hints: readonly Hint[] =
    action === 'DeleteObjectVersion' || action === 'DeleteBucket' ? ['destructive', 'irreversible'] : operation.hints;
  return {
    action: `s3.${action}`,
    ...(aliases.length > 0 && { aliases: aliases.map(name => `s3.${name}`) }),
    access: operation.access,
    ...(hints.length > 0 && { hints }),
    resource: arnOf(place, target),
    parameters: { ...parametersOf(place, target), ...(version !== null && { version_id: version }) },
    ...(isAlias(target.bucket) && { unknown: ['bucket', 'resource'] }),
  };
}

/** `x-amz-copy-source: bucket/key?versionId=…`, what is read besides; null if it can't be told. */
function sourceOf(request: RequestView, place: Place): Meaning | null | undefined {
  if (!request.has('x-amz-copy-source')) return undefined;
  const text = request.header('x-amz-copy-source');
  const [, path = '', version = null] = /^\/?([^?]*)(?:\?versionId=([A-Za-z0-9._-]+))?$/.exec(text ?? '') ?? [];
  const whole = decoded(path);
  const slash = whole?.indexOf('/') ?? -1;
  if (whole === null || slash < 1) return null;
  const target = { bucket: whole.slice(0, slash), key: whole.slice(slash + 1) };
  // Who undoes the escapes first finds a version in it.
  if (!isBucket(target.bucket) || !isKey(target.key) || target.key === '' || target.key.includes('?versionId='))
    return null;
  return meaningOf(place, target, objectOperations.get('GET -')!, version);
}

/** What the header fields of a write ask for besides: fields, and what IAM calls it for an object and for a bucket. */
const besides: readonly (readonly [fields: readonly string[], object: string | null, bucket: string | null])[] = [
  [
    [
      'x-amz-acl',
      'x-amz-grant-full-control',
      'x-amz-grant-read',
      'x-amz-grant-read-acp',
      'x-amz-grant-write',
      'x-amz-grant-write-acp',
    ],
    'PutObjectAcl',
    'PutBucketAcl',
  ],
  [['x-amz-tagging'], 'PutObjectTagging', null],
  [['x-amz-object-lock-legal-hold'], 'PutObjectLegalHold', null],
  [['x-amz-object-lock-mode', 'x-amz-object-lock-retain-until-date'], 'PutObjectRetention', null],
  [['x-amz-bypass-governance-retention'], 'BypassGovernanceRetention', 'BypassGovernanceRetention'],
  [['x-amz-bucket-object-lock-enabled'], null, 'PutBucketObjectLockConfiguration'],
  [['x-amz-object-ownership'], 'PutBucketOwnershipControls', 'PutBucketOwnershipControls'],
];

/** A field of this name is signed for in the query as well as in the header. */
const asks = (request: RequestView, name: string): boolean =>
  request.has(name) || request.query.some(([other]) => other.toLowerCase() === name);

function alsoOf(request: RequestView, meaning: Meaning, target: Target): readonly Meaning[] {
  if (request.method === 'GET' || request.method === 'HEAD') return [];
  return besides.flatMap(([fields, object, bucket]) => {
    const action = target.key === '' ? bucket : object;
    if (action === null || meaning.action === `s3.${action}` || !fields.some(name => asks(request, name))) return [];
    const access = action === 'PutObjectTagging' ? 'write' : 'permissions';
    const { resource, parameters, unknown = [] } = meaning;
    return [
      { action: `s3.${action}`, access, resource: resource!, parameters: parameters!, unknown } satisfies Meaning,
    ];
  });
}

/** `POST ?delete`: each key; if they can't be told, or are too many, whatever could be in the bucket. */
function deletion(request: RequestView, place: Place, target: Target): readonly Meaning[] | null {
  if (request.method !== 'POST' || target.key !== '' || isEmpty(request)) return null;
  const operation = objectOperations.get('DELETE -')!;
  const one = (key: string, version: string | null): Meaning => {
    const meaning = meaningOf(place, { ...target, key }, operation, version);
    return { ...meaning, aliases: [...(meaning.aliases ?? []), 's3.DeleteObjects'] };
  };
  const keys = keysIn(request.text);
  if (keys === null || keys.length > mostAtOnce || !keys.every(({ key }) => isKey(key))) {
    const { version_id: _, ...parameters } = one('', 'null').parameters as { [name: string]: Value };
    return ['', 'null'].map((_, i) => ({
      ...one('', i === 0 ? null : 'null'),
      parameters,
      unknown: ['key', 'resource'],
    }));
  }
  return keys.map(({ key, version }) => one(key, version));
}

/** Reads any request to S3. */
export const readS3: Reader = request => {
  const place = placeOf(request.host)!;
  const target = targetOf(place, request.path);
  const query = queryOf(request);
  if (target === null || query === null || request.has('x-amz-target')) return null;
  const { sub, version, id } = query;
  if (target.bucket === '') {
    if (request.method !== 'GET' || sub !== '-') return null;
    const parameters = parametersOf(place, target);
    const resource = arnOf(place, target);
    return { action: 's3.ListAllMyBuckets', aliases: ['s3.ListBuckets'], access: 'list', resource, parameters };
  }
  const deleted = sub === 'delete' ? deletion(request, place, target) : undefined;
  if (deleted === null) return null;
  const meanings = deleted ?? ordinary(request, place, target, sub, version);
  if (meanings === null) return null;
  // SDKs repeat what they mean: who contradicts it is not understood.
  const named = meanings.some(({ action, aliases = [] }) => [action, ...aliases].includes(`s3.${id}`));
  return id === null || named ? [...meanings, ...alsoOf(request, meanings[0]!, target)] : null;
};

function ordinary(
  request: RequestView,
  place: Place,
  target: Target,
  sub: string,
  version: string | null,
): readonly Meaning[] | null {
  const operations = target.key === '' ? bucketOperations : objectOperations;
  const operation =
    operations.get(`${request.method} ${sub}`) ??
    (request.method === 'HEAD' ? operations.get(`GET ${sub}`) : undefined);
  if (operation === undefined) return null;
  const copies = request.method === 'PUT' && target.key !== '' && (sub === '-' || sub === 'uploadId');
  const source = sourceOf(request, place);
  if (source === null || (source !== undefined && !copies)) return null;
  const meaning = meaningOf(place, target, operation, version);
  if (source === undefined) return [meaning];
  const copy = sub === '-' ? 's3.CopyObject' : 's3.UploadPartCopy';
  return [{ ...meaning, aliases: [...(meaning.aliases ?? []), copy] }, source];
}
