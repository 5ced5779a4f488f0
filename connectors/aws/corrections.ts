/**
 * What the names of operations don't tell: which can't be undone, and which say who may do what. AWS's API references
 * (https://docs.aws.amazon.com/) are the source for what nothing brings back.
 */
import type { Access, Hint } from '../../src/model.js';

interface Correction {
  readonly access?: Access;
  readonly hints?: readonly Hint[];
}

const gone: Correction = { access: 'delete', hints: ['destructive', 'irreversible'] };
const destroys: Correction = { access: 'delete', hints: ['destructive'] };
const grants: Correction = { access: 'permissions' };

const named = (correction: Correction, names: string): readonly (readonly [string, Correction])[] =>
  names
    .trim()
    .split(/\s+/)
    .map(name => [name, correction]);

/** By name, without the connector's prefix. */
export const corrections: { readonly [action: string]: Correction } = Object.fromEntries([
  ...named(
    gone,
    `kms.ScheduleKeyDeletion kms.DeleteImportedKeyMaterial kms.DeleteCustomKeyStore
    dynamodb.DeleteTable dynamodb.DeleteBackup dynamodb.DeleteItem
    rds.DeleteDBInstance rds.DeleteDBCluster rds.DeleteDBSnapshot rds.DeleteDBClusterSnapshot
    rds.DeleteDBInstanceAutomatedBackup rds.DeleteDBClusterAutomatedBackup rds.DeleteGlobalCluster
    redshift.DeleteCluster redshift.DeleteClusterSnapshot elasticache.DeleteSnapshot
    ec2.TerminateInstances ec2.DeleteVolume ec2.DeleteSnapshot ec2.ReleaseAddress ec2.DeleteKeyPair
    elasticfilesystem.DeleteFileSystem fsx.DeleteFileSystem fsx.DeleteBackup fsx.DeleteVolume
    backup.DeleteRecoveryPoint backup.DeleteBackupVault glacier.DeleteArchive glacier.DeleteVault
    logs.DeleteLogGroup logs.DeleteLogStream sqs.PurgeQueue sqs.DeleteQueue kinesis.DeleteStream
    ecr.BatchDeleteImage ecr.DeleteRepository codecommit.DeleteRepository
    cognito-idp.DeleteUserPool cognito-idp.AdminDeleteUser cognito-idp.DeleteUser
    cloudformation.DeleteStack lambda.DeleteFunction route53.DeleteHostedZone acm.DeleteCertificate`,
  ),
  ...named(
    { access: 'permissions', hints: ['destructive', 'irreversible'] },
    'organizations.CloseAccount organizations.LeaveOrganization organizations.DeleteOrganization',
  ),
  ...named(
    destroys,
    `secretsmanager.DeleteSecret ec2.DeleteSecurityGroup ec2.DeleteNetworkAcl cloudtrail.StopLogging cloudtrail.DeleteTrail
    guardduty.DeleteDetector config.StopConfigurationRecorder logs.DeleteRetentionPolicy
    route53.ChangeResourceRecordSets ssm.SendCommand ecs.ExecuteCommand
    dynamodb.BatchWriteItem dynamodb.TransactWriteItems dynamodb.ExecuteStatement dynamodb.BatchExecuteStatement
    dynamodb.ExecuteTransaction rds-data.ExecuteStatement rds-data.BatchExecuteStatement rds-data.ExecuteSql
    redshift-data.ExecuteStatement redshift-data.BatchExecuteStatement athena.StartQueryExecution timestream.Query
    cloudcontrolapi.DeleteResource es.DeleteDomain es.DeleteElasticsearchDomain sdb.BatchDeleteAttributes`,
  ),
  ...named(
    grants,
    `ec2.ModifyInstanceAttribute ec2.ModifyVpcEndpoint ec2.AssociateIamInstanceProfile
    ec2.ReplaceIamInstanceProfileAssociation ec2.ModifyInstanceMetadataOptions ec2.DisableImageBlockPublicAccess
    ec2.DisableSnapshotBlockPublicAccess ec2-instance-connect.SendSSHPublicKey
    lambda.CreateFunctionUrlConfig lambda.UpdateFunctionUrlConfig lambda.AddLayerVersionPermission
    sqs.SetQueueAttributes sns.SetTopicAttributes kms.CreateGrant kms.ReEncrypt
    ses.CreateEmailIdentity secretsmanager.ReplicateSecretToRegions
    es.UpdateDomainConfig es.UpdateElasticsearchDomainConfig ecs.RegisterTaskDefinition
    sso-oauth.CreateToken sso-oauth.CreateTokenWithIAM sso-oauth.RegisterClient signin.CreateOAuth2Token
    cognito-idp.InitiateAuth cognito-idp.AdminInitiateAuth cognito-idp.AdminAddUserToGroup cognito-idp.AdminConfirmSignUp
    cognito-idp.SignUp ssm.StartSession ssm.ModifyDocumentPermission account.PutAlternateContact`,
  ),
]);
