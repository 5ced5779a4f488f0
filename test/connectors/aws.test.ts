/** AWS: every operation of every service is itself, and a request that could mean something else is never milder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generated } from '../../bin/proxy/generated.js';
import aws from '../../connectors/aws.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import { matchesPattern, patternFault } from '../../src/action/pattern.js';
import type { CanonicalRequest, Classified, Field } from '../../src/model.js';

const catalog = openCatalog([aws], { generated, whole: true });
const texts = generated('aws').data as { readonly [host: string]: string };

interface Sample {
  readonly name: string;
  readonly host: string;
  readonly line: string;
  readonly fields: readonly Field[];
  /** Whether anything says what it is about. */
  readonly about: boolean;
}

const sampleAt = (place: string): string =>
  /arns?\b|Arns?\b|ARNs?\b|arn\}/.test(place.replace(/\.member|\.\*|\[\]|\+/g, ''))
    ? 'arn:aws:x:us-east-1:123456789012:thing'
    : 'sample';

/** One request of an operation, as its model says. */
function sampleOf(host: string, head: readonly string[], line: string): Sample {
  const [, service, protocol = '', mark = ''] = head;
  const [operation = '', , ...rest] = line.split(' ');
  const name = `aws.${service}.${operation}`;
  const at = `https://${host.replace('*', 'own')}.us-east-1.amazonaws.com`;
  if (protocol.startsWith('rest')) {
    const [method, target = ''] = rest;
    const path = target.replace(/\{(\w+)\+?\}/g, (place: string) => encodeURIComponent(sampleAt(place)));
    return { name, host, line: `${method} ${at}${path}`, fields: [], about: /^\{/.test(rest[2] ?? '') };
  }
  const place = (rest[0] ?? '-').replace(/^[~=?]|:.*$/g, '') || '-';
  const value = sampleAt(place);
  if (protocol === 'json') {
    const body = place === '-' ? {} : { [place.replace('[]', '')]: place.endsWith('[]') ? [value] : value };
    const fields: Field[] = [
      ['X-Amz-Target', `${mark}.${operation}`],
      ['Content-Type', 'application/x-amz-json-1.1'],
    ];
    return { name, host, line: `POST ${at}/ ${JSON.stringify(body)}`, fields, about: place !== '-' };
  }
  const about = place === '-' ? '' : `&${place.replace('*', '1')}=${value}`;
  return {
    name,
    host,
    line: `POST ${at}/ Action=${operation}&Version=${mark}${about}`,
    fields: [],
    about: place !== '-',
  };
}

function samplesOf(hosts: readonly string[]): readonly Sample[] {
  return hosts.flatMap(host => {
    let head: readonly string[] = [];
    return texts[host]!.split('\n').flatMap(line => {
      if (line.startsWith('# ')) head = line.split(' ');
      return line.startsWith('# ') || line.startsWith('= ') ? [] : [sampleOf(host, head, line)];
    });
  });
}

const samples = samplesOf(Object.keys(texts).filter(host => host !== 's3'));
const classify = (line: string, fields: readonly Field[] = []): Classified =>
  catalog.classify(exampleRequest(line, 'iam.amazonaws.com', fields));

const arn = ({ resource }: Classified): string => `${resource.type}:${resource.id}`;

test('every operation of every service of AWS is exactly itself, and no two share one request', () => {
  const seen = new Map<string, string>();
  for (const { name, line, fields } of samples) {
    const { action, typed, resource } = classify(line, fields);
    assert.equal(`${action.name} ${typed}`, `${name} true`, line);
    assert.match(action.name, /^aws\.[a-z][a-z0-9-]*\.[A-Z][A-Za-z0-9]*$/);
    assert.equal(resource.type, 'arn', line);
    const request = `${line} ${fields.join()}`;
    assert.equal(seen.get(request), undefined, request);
    seen.set(request, name);
  }
  assert.ok(seen.size > 15_000, String(seen.size));
});

test('every operation that names its resource is about that, without doubt', () => {
  for (const { name, line, fields, about } of samples) {
    if (!about) continue;
    const { action, resource } = classify(line, fields);
    if (action.unknown.includes('resource')) assert.match(name, /^aws\.(sqs)\./, line);
    else assert.match(resource.id, /sample|thing$/, line);
  }
});

test('permissions may be about actions as IAM spells them, and about ARNs', () => {
  for (const action of ['aws.s3.DeleteObject', 'aws.cognito-idp.*', 'aws.*.DeleteTable'])
    assert.equal(patternFault(action, '.'), null);
  for (const resource of ['arn:aws:s3:::data/*', 'arn:aws:iam:::user/bob', 'arn:aws:lambda:eu-west-1::function:resize'])
    assert.equal(patternFault(resource, '/'), null);
  const found = arn(classify('DELETE https://data.s3.eu-west-1.amazonaws.com/2024/all.tar'));
  assert.ok(matchesPattern('arn:aws:s3:::data/*', found, '/'));
  assert.ok(matchesPattern('arn:aws:s3:::data/2024/all.tar', found, '/'));
  assert.ok(!matchesPattern('arn:aws:s3:::other/*', found, '/'));
});

test('a service is the same at its FIPS, dual stack and Chinese endpoints', () => {
  const line = (host: string): string => `POST https://${host}/ Action=DeleteVolume&Version=2016-11-15&VolumeId=vol-1`;
  for (const host of ['ec2-fips.us-east-1.amazonaws.com', 'ec2.us-east-1.api.aws', 'ec2-fips.us-east-1.api.aws'])
    assert.equal(arn(classify(line(host))), 'arn:aws:ec2:us-east-1::volume/vol-1', host);
  const job = classify('POST https://fips.batch.us-east-1.amazonaws.com/v1/terminatejob {"jobId":"7","reason":""}');
  assert.equal(arn(job), 'arn:aws:batch:us-east-1::job/7');
  assert.equal(arn(classify(line('ec2.cn-north-1.amazonaws.com.cn'))), 'arn:aws-cn:ec2:cn-north-1::volume/vol-1');
  assert.equal(
    arn(classify(line('ec2.us-gov-west-1.amazonaws.com'))),
    'arn:aws-us-gov:ec2:us-gov-west-1::volume/vol-1',
  );
  for (const host of [
    'evil.ec2.us-east-1.amazonaws.com',
    'ec2.us-east-1.vpce.amazonaws.com',
    'abc.execute-api.us-east-1.amazonaws.com',
  ])
    assert.equal(classify(line(host)).action.name, 'aws.unclassified', host);
});

test('several instances in one request are decided one by one, and too many are an unknown one', () => {
  const ids = (count: number): string =>
    Array.from({ length: count }, (_, i) => `InstanceId.${i + 1}=i-${i}`).join('&');
  const line = (count: number): string =>
    `POST https://ec2.us-east-1.amazonaws.com/ Action=TerminateInstances&Version=2016-11-15&${ids(count)}`;
  const three = classify(line(3));
  assert.deepEqual(
    [three, ...three.also!].map(arn),
    [0, 1, 2].map(i => `arn:aws:ec2:us-east-1::instance/i-${i}`),
  );
  const many = classify(line(50));
  assert.equal(many.action.access, 'delete');
  assert.ok(many.action.unknown.includes('resource'));
  assert.equal(many.also, undefined);
});

test('an ARN where a name may stand makes the resource unknown, for both are the same to AWS', () => {
  const named = (value: string): Classified =>
    classify(`POST https://secretsmanager.us-east-1.amazonaws.com/ {"SecretId":"${value}"}`, [
      ['X-Amz-Target', 'secretsmanager.DeleteSecret'],
      ['Content-Type', 'application/x-amz-json-1.1'],
    ]);
  assert.equal(arn(named('prod')), 'arn:aws:secretsmanager:us-east-1::secret:prod');
  assert.deepEqual(named('prod').action.unknown, []);
  assert.deepEqual(named('arn:aws:secretsmanager:us-east-1:123456789012:secret:prod-AbCdEf').action.unknown, [
    'resource',
  ]);
});

test('what a body of JSON would say is unknown when the body can’t be read, and the action stays', () => {
  const base = exampleRequest('POST https://dynamodb.us-east-1.amazonaws.com/ {"TableName":"Orders"}', '', [
    ['X-Amz-Target', 'DynamoDB_20120810.DeleteTable'],
    ['Content-Type', 'application/x-amz-json-1.0'],
  ]);
  for (const body of ['truncated', 'opaque'] as const) {
    const { action, resource } = catalog.classify({ ...base, body: { ...base.body, state: body } });
    assert.deepEqual(
      [action.name, action.access, resource.id],
      ['aws.dynamodb.DeleteTable', 'delete', 'aws:dynamodb:us-east-1::'],
    );
    assert.deepEqual(action.unknown, ['table_name', 'resource']);
  }
});

/** A request of a query, and what is done to it. */
const query = 'Action=DeleteUser&Version=2010-05-08&UserName=bob';
const hostile: readonly (readonly [what: string, line: string, fields?: readonly Field[]])[] = [
  ['two actions', `POST https://iam.amazonaws.com/ ${query}&Action=ListUsers`],
  ['an action in the query, too', `POST https://iam.amazonaws.com/?Action=ListUsers ${query}`],
  ['an action in another spelling, too', `POST https://iam.amazonaws.com/?action=ListUsers ${query}`],
  ['an action in another spelling', 'POST https://iam.amazonaws.com/ action=ListUsers&Version=2010-05-08'],
  ['no version', 'POST https://iam.amazonaws.com/ Action=DeleteUser&UserName=bob'],
  ['another version', 'POST https://iam.amazonaws.com/ Action=DeleteUser&Version=2016-11-15&UserName=bob'],
  ['a target', `POST https://iam.amazonaws.com/ ${query}`, [['X-Amz-Target', 'AmazonSQS.ListQueues']]],
  ['a body that is no form', `POST https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08 "${query}"`],
  ['another path', `POST https://iam.amazonaws.com/x ${query}`],
  [
    'a path of another API of its host',
    'GET https://email.us-east-1.amazonaws.com/v2/email/account?Action=DeleteIdentity&Version=2010-12-01',
  ],
  ['another service', `POST https://sns.us-east-1.amazonaws.com/ ${query}`],
];

for (const [what, line, fields] of hostile)
  test(`a query with ${what} is unclassified`, () => {
    assert.equal(classify(line, fields).action.name, 'aws.unclassified');
  });

test('a target of JSON with an action of a query is unclassified', () => {
  const line = 'POST https://dynamodb.us-east-1.amazonaws.com/?Action=ListTables {"TableName":"Orders"}';
  const fields: Field[] = [['X-Amz-Target', 'DynamoDB_20120810.GetItem']];
  assert.equal(classify(line, fields).action.name, 'aws.unclassified');
  assert.equal(classify(line.replace(/\?\S+/, ''), fields).action.name, 'aws.dynamodb.GetItem');
});

test('a name in another spelling makes the resource unknown', () => {
  const { action } = classify('POST https://iam.amazonaws.com/ Action=DeleteUser&Version=2010-05-08&username=bob');
  assert.deepEqual([action.name, action.unknown], ['aws.iam.DeleteUser', ['user_name', 'resource']]);
});

test('a query of which the body can’t be read is unclassified, whatever its URL says', () => {
  const base = exampleRequest('POST https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08 UserName=bob', '');
  for (const state of ['truncated', 'opaque'] as const)
    assert.equal(catalog.classify({ ...base, body: { ...base.body, state } }).action.name, 'aws.unclassified');
});

test('random changes of a request make it itself or unclassified, and never another resource', () => {
  const usual = samples.filter(({ host }) => ['iam', 'dynamodb', 'lambda', 'kms', 'ec2', 'route53'].includes(host));
  const pairs = fc.array(
    fc.tuple(
      fc.constantFrom('Action', 'action', 'Version', 'operation', 'UserName', 'TableName', 'x'),
      fc.constantFrom('ListUsers', 'GetItem', '', '1'),
    ),
    { maxLength: 2 },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...usual),
      pairs,
      fc.constantFrom('', '/', '%2F', '%252e'),
      ({ line, fields, name }, extra, tail) => {
        const request = exampleRequest(line, '', fields);
        const changed: CanonicalRequest = {
          ...request,
          path: request.path + tail,
          query: [request.query, ...extra.map(([key, value]) => `${key}=${value}`)].filter(Boolean).join('&'),
        };
        const before = catalog.classify(request);
        const after = catalog.classify(changed);
        if (!after.typed) return assert.equal(after.action.name, 'aws.unclassified');
        assert.equal(after.action.name, name);
        assert.ok(
          arn(after) === arn(before) || after.action.unknown.includes('resource'),
          `${changed.path}?${changed.query}`,
        );
      },
    ),
    { numRuns: 2000 },
  );
});

/** A request with the bytes of its path escaped, or something behind it. */
const withPath = (line: string, change: (path: string) => string): string =>
  line.replace(/(amazonaws\.com)(\/[^? ]*)/, (_, host: string, path: string) => host + change(path));

test('a path is the same however it is escaped, and with a slash behind it none but itself', () => {
  const escaped = (text: string): string =>
    [...Buffer.from(decodeURIComponent(text))].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('');
  for (const { line, fields, name } of samples) {
    const usual = classify(line, fields);
    assert.deepEqual(
      classify(
        withPath(line, path => path.split('/').map(escaped).join('/')),
        fields,
      ),
      usual,
      line,
    );
    const { action, typed } = classify(
      withPath(line, path => `${path}/`),
      fields,
    );
    assert.ok(!typed || action.name === name, `${line} with a slash is ${action.name}`);
  }
});

test('ten thousand requests that no service describes are unclassified', () => {
  const hosts = Object.keys(texts).filter(host => host !== 's3' && !host.includes('*'));
  const segment = fc.constantFrom('zz', '7', '2015-03-31', 'functions', 'a%2Fb', 'x;y', '%252e');
  const request = fc.tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'FROB'),
    fc.oneof(
      fc.constantFrom(...hosts),
      fc.stringMatching(/^[a-z]{1,9}$/).map(word => `${word}x`),
    ),
    fc.array(segment, { maxLength: 4 }),
    fc.constantFrom('', '?Action=Frob&Version=1', ' Action=Frob', ' {"TableName":"Orders"}'),
  );
  let count = 0;
  for (const [method, host, path, rest] of fc.sample(request, 10_000)) {
    // MediaStore's objects may have any path, and so may one operation of one other.
    if (host.includes('mediastore')) continue;
    const line = `${method} https://${host}.us-east-1.amazonaws.com/no-such-place/${path.join('/')}${rest}`;
    const { action, typed } = classify(line);
    assert.ok(!typed && action.name === 'aws.unclassified', `${line} is ${action.name}`);
    count += 1;
  }
  assert.ok(count > 9_500);
});

test('a name in another case is the same where AWS takes it for the same', () => {
  const about = (name: string): string =>
    arn(classify(`POST https://iam.amazonaws.com/ Action=DeleteUser&Version=2010-05-08&UserName=${name}`));
  assert.equal(about('Bob'), about('bob'));
  assert.equal(about('bob'), 'arn:aws:iam:::user/bob');
});

test('what is about something that only its body says is about something unknown', () => {
  const json = (service: string, target: string, body: string): Classified =>
    classify(`POST https://${service}.us-east-1.amazonaws.com/ ${body}`, [
      ['X-Amz-Target', target],
      ['Content-Type', 'application/x-amz-json-1.0'],
    ]);
  const statement = json('dynamodb', 'DynamoDB_20120810.ExecuteStatement', '{"Statement":"DELETE FROM Orders"}');
  assert.deepEqual([statement.action.access, statement.action.unknown], ['delete', ['resource']]);
  assert.deepEqual(Object.keys(statement.action.parameters), ['service', 'region']);
  // Without a name it is whoever asks.
  const key = classify('POST https://iam.amazonaws.com/ Action=CreateAccessKey&Version=2010-05-08');
  assert.deepEqual(key.action.unknown, ['resource']);
});

test('a batch or a transaction of DynamoDB is about each of its tables', () => {
  const ask = (operation: string, body: unknown): readonly string[] => {
    const found = classify(`POST https://dynamodb.us-east-1.amazonaws.com/ ${JSON.stringify(body)}`, [
      ['X-Amz-Target', `DynamoDB_20120810.${operation}`],
      ['Content-Type', 'application/x-amz-json-1.0'],
    ]);
    return [found, ...(found.also ?? [])].map(({ action, resource }) =>
      `${action.name} ${action.access} ${resource.id.split(':').at(-1)} ${action.unknown.join()}`.trimEnd(),
    );
  };
  const put = { PutRequest: { Item: {} } };
  assert.deepEqual(ask('BatchWriteItem', { RequestItems: { A: [put], B: [put, put] } }), [
    'aws.dynamodb.BatchWriteItem write table/A',
    'aws.dynamodb.BatchWriteItem write table/B',
  ]);
  assert.deepEqual(ask('BatchWriteItem', { RequestItems: { A: [put, { DeleteRequest: { Key: {} } }] } }), [
    'aws.dynamodb.BatchWriteItem delete table/A',
  ]);
  assert.deepEqual(
    ask('TransactWriteItems', { TransactItems: [{ Put: { TableName: 'A' } }, { Delete: { TableName: 'B' } }] }),
    ['aws.dynamodb.DeleteItem delete table/B', 'aws.dynamodb.PutItem write table/A'],
  );
  assert.deepEqual(ask('TransactWriteItems', { TransactItems: [{ Put: { TableName: 'A' }, Delete: {} }] }), [
    'aws.dynamodb.TransactWriteItems delete  table_name,resource',
  ]);
});

test('what AWS’s operations do is told by their names, and corrected where those say too little', () => {
  const wanted: { readonly [name: string]: string } = {
    'aws.iam.ListUsers': 'list',
    'aws.iam.GetUser': 'read',
    'aws.iam.AttachUserPolicy': 'permissions',
    'aws.iam.UpdateAccessKey': 'permissions',
    'aws.iam.DeleteUser': 'permissions destructive',
    'aws.sts.AssumeRole': 'permissions',
    'aws.sts.GetCallerIdentity': 'read',
    'aws.sts.GetFederationToken': 'permissions',
    'aws.kms.ScheduleKeyDeletion': 'delete destructive irreversible',
    'aws.kms.CreateGrant': 'permissions',
    'aws.rds.DeleteDBInstance': 'delete destructive irreversible',
    'aws.dynamodb.DeleteTable': 'delete destructive irreversible',
    'aws.dynamodb.PutItem': 'write',
    'aws.ec2.TerminateInstances': 'delete destructive irreversible',
    'aws.ec2.DescribeInstances': 'list',
    'aws.ec2.AuthorizeSecurityGroupIngress': 'permissions',
    'aws.ec2.ModifySnapshotAttribute': 'permissions',
    'aws.lambda.AddPermission': 'permissions',
    'aws.lambda.Invoke': 'write',
    'aws.lambda.TagResource': 'write',
    'aws.sqs.PurgeQueue': 'delete destructive irreversible',
    'aws.organizations.CloseAccount': 'permissions destructive irreversible',
    'aws.secretsmanager.GetSecretValue': 'permissions',
    'aws.secretsmanager.PutSecretValue': 'permissions',
    'aws.secretsmanager.DeleteSecret': 'permissions destructive',
    'aws.secretsmanager.PutResourcePolicy': 'permissions',
    'aws.autoscaling.PutScalingPolicy': 'write',
  };
  const found = Object.fromEntries(
    samples
      .filter(({ name }) => name in wanted)
      .map(({ name, line, fields }) => {
        const { action } = classify(line, fields);
        return [name, [action.access, ...(action.hints ?? [])].join(' ')];
      }),
  );
  assert.deepEqual(found, Object.fromEntries(Object.entries(wanted).filter(([name]) => name in found)));
  assert.equal(Object.keys(found).length, Object.keys(wanted).length);
});
