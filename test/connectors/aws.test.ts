/** AWS: every operation of every service is itself, and a request that could mean something else is never milder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleRequest } from '../../src/action/examples.js';
import { matchesPattern, patternFault } from '../../src/action/pattern.js';
import type { Classified, Field } from '../../src/model.js';
import { arn, catalog, classify, samples } from './aws-samples.js';

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
