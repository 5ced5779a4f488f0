/** AWS: what an operation could do besides what its name says: hand out, hand over, and blind those who watch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generated } from '../../bin/proxy/generated.js';
import { correctedNames } from '../../connectors/aws/corrections.js';
import aws from '../../connectors/aws.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import type { Classified, Field } from '../../src/model.js';

const catalog = openCatalog([aws], { generated, whole: true });
const rows = new Map(aws.shown(generated('aws').data!).map(([, row]) => [row.action, row]));

const classify = (line: string, fields: readonly Field[] = []): Classified =>
  catalog.classify(exampleRequest(line, 'iam.amazonaws.com', fields));

const json = (host: string, target: string, body: unknown): Classified =>
  classify(`POST https://${host}/ ${typeof body === 'string' ? body : JSON.stringify(body)}`, [
    ['X-Amz-Target', target],
    ['Content-Type', 'application/x-amz-json-1.1'],
  ]);

/** `ec2.RunInstances write arn:… unknown`, for all that a request does. */
const all = (found: Classified): readonly string[] =>
  [found, ...(found.also ?? [])].map(({ action, resource }) =>
    [action.name.slice('aws.'.length), action.access, `${resource.type}:${resource.id}`, action.unknown.join()]
      .join(' ')
      .trimEnd(),
  );

test('what AWS hands out, and who gets in, is about permissions whatever its name begins with', () => {
  const names = `
    apigateway.GetApiKeys appsync.ListApiKeys datazone.GetIamPortalLoginUrl finspace.GetKxConnectionString
    gamelift.GetInstanceAccess ivs.GetStreamKey lightsail.GetInstanceAccessDetails quicksight.GetSessionEmbedUrl
    redshift.GetClusterCredentialsWithIAM secretsmanager.BatchGetSecretValue storagegateway.DescribeChapCredentials
    sagemaker.CreatePresignedDomainUrl appstream.CreateStreamingURL route53domains.RetrieveDomainAuthCode
    cognito-idp.AdminRespondToAuthChallenge cognito-idp.RespondToAuthChallenge cognito-idp.AdminDeleteUser
    cognito-idp.CreateGroup cognito-idp.UpdateUserPool codebuild.CreateWebhook chime.CreateAppInstanceAdmin
    appstream.EnableUser elasticache.ModifyUser elasticache.ModifyUserGroup workmail.AssociateMemberToGroup
    guardduty.CreateMembers deadline.AssociateMemberToFarm kafka.BatchAssociateScramSecret geo.CreateKey
    payment-cryptography.ExportKey kms.DisableKey kms.ImportKeyMaterial s3.CreateAccessPoint transfer.CreateAccess
    elasticfilesystem.CreateAccessPoint ec2.ReplaceNetworkAclEntry ec2.EnableSerialConsoleAccess
    ec2.DisableEbsEncryptionByDefault ec2.ModifyEbsDefaultKmsKeyId kinesis.StopStreamEncryption
    lightsail.OpenInstancePublicPorts lightsail.UpdateBucket lakeformation.AddLFTagsToResource
    logs.PutDataProtectionPolicy redshift.RevokeSnapshotAccess iam.UntagRole rds.ModifyDBInstance
    eks.UpdateClusterConfig ecs.ExecuteCommand cloudformation.CreateStack cloudformation.ExecuteChangeSet
    cloudcontrolapi.CreateResource cloudcontrolapi.DeleteResource ssm.StartAutomationExecution
    ec2.ModifySecurityGroupRules ec2.ModifyManagedPrefixList ssm.ResumeSession iot.OpenTunnel iot.CreateProvisioningClaim
    glacier.InitiateVaultLock elasticache.ModifyReplicationGroup guardduty.DisassociateFromMasterAccount
    apigateway.UpdateMethod route53domains.TransferDomainToAnotherAwsAccount s3.PutEncryptionConfiguration`;
  const milder = names
    .trim()
    .split(/\s+/)
    .filter(name => rows.get(name)?.access !== 'permissions');
  assert.deepEqual(milder, []);
});

test('what loses data, or blinds those who watch, is more than a write', () => {
  const names = `logs.PutRetentionPolicy kinesis.DecreaseStreamRetentionPeriod ecr.PutLifecyclePolicy
    dynamodb.UpdateTimeToLive dynamodb.UpdateContinuousBackups neptune-db.ExecuteFastReset cloudtrail.StopLogging
    cloudtrail.PutEventSelectors cloudtrail.StopEventDataStoreIngestion securityhub.DisableSecurityHub inspector2.Disable
    macie2.DisableMacie events.DisableRule cloudwatch.DisableAlarmActions redshift.DisableLogging
    ec2.CreateReplaceRootVolumeTask ec2.CancelSpotFleetRequests ssm.CreateAssociation cloudtrail.UpdateEventDataStore
    workspaces.RebuildWorkspaces backup.UpdateRecoveryPointLifecycle`;
  for (const name of names.trim().split(/\s+/)) {
    assert.equal(rows.get(name)?.access, 'delete', name);
    assert.ok(rows.get(name)?.hints?.includes('destructive'), name);
  }
});

test('every operation of AWS that is corrected is there, and what names say of permissions is never made milder', () => {
  assert.deepEqual(
    correctedNames.filter(name => !rows.has(name)),
    [],
  );
  for (const name of [
    'cognito-idp.DeleteUser',
    'ec2.DeleteKeyPair',
    'acm.DeleteCertificate',
    'kms.DeleteImportedKeyMaterial',
  ])
    assert.equal(rows.get(name)?.access, 'permissions', name);
});

test('a role that a request hands to a service is iam.PassRole of that role', () => {
  const role = 'arn:aws:iam::123456789012:role/ops/Admin';
  const create = classify(
    `POST https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions {"FunctionName":"f","Role":"${role}"}`,
  );
  assert.deepEqual(all(create), [
    `iam.PassRole permissions ${role}`,
    'lambda.CreateFunction write arn:aws:lambda:eu-west-1::function:f',
  ]);
  assert.deepEqual(create.action.parameters, { service: 'iam', region: 'global', passed_to: 'lambda' });
  const task = json('ecs.eu-west-1.amazonaws.com', 'AmazonEC2ContainerServiceV20141113.RunTask', {
    cluster: 'c',
    taskDefinition: 't',
    overrides: { taskRoleArn: role, executionRoleArn: role },
  });
  assert.deepEqual(all(task)[0], `iam.PassRole permissions ${role}`);
  assert.equal(all(task).length, 2);
  const targets = json('events.eu-west-1.amazonaws.com', 'AWSEvents.PutTargets', {
    Rule: 'r',
    Targets: [{ Id: '1', rolearn: role }],
  });
  assert.deepEqual(all(targets)[0], `iam.PassRole permissions ${role}`);
});

test('a role that is named in another way, or can’t be read, is any role', () => {
  const run = (profile: string): readonly string[] =>
    all(
      classify(
        `POST https://ec2.eu-west-1.amazonaws.com/ Action=RunInstances&Version=2016-11-15&ImageId=ami-1&MinCount=1&MaxCount=1${profile}`,
      ),
    );
  for (const profile of ['&IamInstanceProfile.Name=web', '&IamInstanceProfile.Arn=arn:aws:iam::1:instance-profile/web'])
    assert.equal(run(profile)[0], 'iam.PassRole permissions arn:aws:iam::: resource', profile);
  assert.match(run('').join(), /^ec2\.RunInstances write /);
  // Who speaks in a conversation is no such role.
  const talk = classify(
    'POST https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse {"messages":[{"role":"user","content":[]}]}',
  );
  assert.deepEqual(all(talk), ['bedrock.Converse write arn:aws:bedrock:eu-west-1::model/m']);
  const job = json('glue.eu-west-1.amazonaws.com', 'AWSGlue.CreateJob', '{"Name":"j","Role":"Admin","Role":"x"}');
  assert.equal(all(job)[0], 'iam.PassRole permissions arn:aws:iam::: resource');
});

test('a host without a region says nothing of where, but of services that are everywhere', () => {
  const volume = 'Action=DeleteVolume&Version=2016-11-15&VolumeId=vol-1';
  const { action } = classify(`POST https://ec2.amazonaws.com/ ${volume}`);
  assert.deepEqual([action.unknown, action.parameters.region], [['region', 'resource'], undefined]);
  const tables = json('dynamodb.amazonaws.com', 'DynamoDB_20120810.ListTables', {});
  assert.deepEqual(tables.action.unknown, ['region', 'resource']);
  const user = classify('POST https://iam.amazonaws.com/ Action=DeleteUser&Version=2010-05-08&UserName=bob');
  assert.deepEqual([user.action.unknown, user.action.parameters.region], [[], 'global']);
});

test('what is asked for in a form that AWS doesn’t read, or in the query as well, is unclassified', () => {
  const multipart = '--x\r\nContent-Disposition: form-data; name="UserName"\r\n\r\nbob\r\n--x--\r\n';
  const deleting = classify(`POST https://iam.amazonaws.com/?Action=CreateAccessKey&Version=2010-05-08 ${multipart}`, [
    ['Content-Type', 'multipart/form-data; boundary=x'],
  ]);
  assert.equal(deleting.action.name, 'aws.unclassified');
  const target = classify(
    'POST https://dynamodb.us-east-1.amazonaws.com/?x-amz-target=DynamoDB_20120810.DeleteTable {"TableName":"t"}',
    [
      ['X-Amz-Target', 'DynamoDB_20120810.DescribeTable'],
      ['Content-Type', 'application/x-amz-json-1.0'],
    ],
  );
  assert.equal(target.action.name, 'aws.unclassified');
});

test('a sub-resource of S3 with a value, or an upload without one, is unclassified: it could be the object itself', () => {
  const ask = (query: string): string =>
    classify(`DELETE https://data.s3.eu-west-1.amazonaws.com/a?${query}`).action.name;
  for (const query of ['uploadId=', 'uploadId', 'tagging=1', 'tagging=false'])
    assert.equal(ask(query), 'aws.unclassified', query);
  assert.equal(ask('uploadId=7'), 'aws.s3.AbortMultipartUpload');
  for (const query of ['tagging', 'tagging=']) assert.equal(ask(query), 'aws.s3.DeleteObjectTagging', query);
});

test('a copy of S3 whose source hides a version in its key is unclassified', () => {
  const from = (source: string): string =>
    classify('PUT https://data.s3.eu-west-1.amazonaws.com/a x', [['x-amz-copy-source', source]]).action.name;
  assert.equal(from('other/k%3FversionId=3'), 'aws.unclassified');
  assert.equal(from('other/k%3F?versionId=3'), 'aws.s3.PutObject');
});

test('a key with spaces around it in a list of S3’s is any key, for it could be one without', () => {
  for (const key of [' prod/x', 'prod/x&#x20;', '\u00a0prod/x']) {
    const found = classify(
      `POST https://data.s3.eu-west-1.amazonaws.com/?delete <Delete><Object><Key>${key}</Key></Object></Delete>`,
    );
    assert.deepEqual(found.action.unknown, ['key', 'resource'], key);
  }
});

test('a bucket of S3 that is made with locks has them, and one whose encryption changes is about permissions', () => {
  const locked = classify('PUT https://data.s3.eu-west-1.amazonaws.com/', [
    ['x-amz-bucket-object-lock-enabled', 'true'],
  ]);
  assert.equal(locked.action.name, 'aws.s3.PutBucketObjectLockConfiguration');
  const versions = classify('PUT https://data.s3.eu-west-1.amazonaws.com/?versioning <VersioningConfiguration/>');
  assert.deepEqual(versions.action.hints, ['destructive']);
});

test('a bucket of S3 that is another one’s alias is an unknown one', () => {
  for (const bucket of ['data-4f5k2xk9-s3alias', 'data-4f5k2xk9--ol-s3', 'm4xkl2.mrap']) {
    const found = classify(`DELETE https://s3.eu-west-1.amazonaws.com/${bucket}/all.tar`, [
      ['x-amz-bypass-governance-retention', 'true'],
    ]);
    for (const { action } of [found, ...found.also!]) assert.deepEqual(action.unknown, ['bucket', 'resource'], bucket);
  }
});

test('what may be another account’s is an unknown resource', () => {
  const target = 'AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage';
  const ask = (more: object): readonly string[] =>
    json('api.ecr.eu-west-1.amazonaws.com', target, { repositoryName: 'web', imageIds: [], ...more }).action.unknown;
  assert.deepEqual(ask({}), []);
  assert.deepEqual(ask({ registryId: '999999999999' }), ['resource']);
  const line = 'DELETE https://codeartifact.eu-west-1.amazonaws.com/v1/repository?domain=d&repository=r';
  assert.deepEqual(classify(line).action.unknown, []);
  assert.deepEqual(classify(`${line}&domain-owner=999999999999`).action.unknown, ['resource']);
});

test('a name that AWS takes in any case has one spelling, and a policy of an identity is about the identity', () => {
  const glue = json('glue.eu-west-1.amazonaws.com', 'AWSGlue.DeleteDatabase', { Name: 'PROD' });
  assert.deepEqual(all(glue), ['glue.DeleteDatabase delete arn:aws:glue:eu-west-1::database/prod']);
  const job = json('glue.eu-west-1.amazonaws.com', 'AWSGlue.DeleteCrawler', { Name: 'PROD' });
  assert.deepEqual(all(job), ['glue.DeleteCrawler delete arn:aws:glue:eu-west-1::crawler/PROD']);
  const policy = 'Action=PutIdentityPolicy&Version=2010-12-01&Identity=Example.com&PolicyName=p&Policy=x';
  const identity = classify(`POST https://email.eu-west-1.amazonaws.com/ ${policy}`);
  assert.deepEqual(all(identity), ['ses.PutIdentityPolicy permissions arn:aws:ses:eu-west-1::identity/example.com']);
});

test('what a query says is not read from the body instead', () => {
  const about = 'https://access-analyzer.eu-west-1.amazonaws.com/analyzed-resource';
  const [real, other] = ['real', 'other'].map(name => `arn:aws:access-analyzer:eu-west-1:1:analyzer/${name}`);
  const { resource } = classify(`GET ${about}?analyzerArn=${real} {"analyzerArn":"${other}"}`);
  assert.equal(`${resource.type}:${resource.id}`, real);
});

test('a parameter of Systems Manager that is decrypted is handed out, and one that isn’t is read', () => {
  const ask = (body: unknown): string =>
    json('ssm.eu-west-1.amazonaws.com', 'AmazonSSM.GetParameter', body).action.access;
  assert.equal(ask({ Name: '/prod/url' }), 'read');
  assert.equal(ask({ Name: '/prod/url', WithDecryption: false }), 'read');
  for (const body of [
    { Name: '/prod/url', WithDecryption: true },
    { Name: '/prod/url', withDecryption: true },
    { Name: '/prod/url', WithDecryption: 'true' },
    '{"Name":"/prod/url","WithDecryption":false,"WithDecryption":true}',
  ])
    assert.equal(ask(body), 'permissions', JSON.stringify(body));
});
