/** AWS: what random and hostile changes of requests make of them; names, batches, and levels of access. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exampleRequest } from '../../src/action/examples.js';
import type { CanonicalRequest, Classified } from '../../src/model.js';
import { arn, catalog, classify, samples, texts } from './aws-samples.js';

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
