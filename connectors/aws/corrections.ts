/**
 * What the names of operations don't tell: which can't be undone, and which say who may do what. AWS's API references
 * (https://docs.aws.amazon.com/) are the source for what nothing brings back.
 */
import type { Access, Hint } from '../../src/model.js';
import type { Operation } from './model.js';

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
const corrections: { readonly [action: string]: Correction } = Object.fromEntries([
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
    cloudformation.DeleteStack neptune-db.ExecuteFastReset kinesis.DecreaseStreamRetentionPeriod
    workspaces.RebuildWorkspaces workspaces.RestoreWorkspace ds.RestoreFromSnapshot fsx.RestoreVolumeFromSnapshot lambda.DeleteFunction route53.DeleteHostedZone acm.DeleteCertificate`,
  ),
  ...named(
    { access: 'permissions', hints: ['destructive', 'irreversible'] },
    'organizations.CloseAccount organizations.LeaveOrganization organizations.DeleteOrganization cloudcontrolapi.DeleteResource',
  ),
  ...named(
    destroys,
    `secretsmanager.DeleteSecret ec2.DeleteSecurityGroup ec2.DeleteNetworkAcl cloudtrail.StopLogging cloudtrail.DeleteTrail
    guardduty.DeleteDetector config.StopConfigurationRecorder logs.DeleteRetentionPolicy
    route53.ChangeResourceRecordSets ssm.SendCommand
    dynamodb.BatchWriteItem dynamodb.TransactWriteItems dynamodb.ExecuteStatement dynamodb.BatchExecuteStatement
    dynamodb.ExecuteTransaction rds-data.ExecuteStatement rds-data.BatchExecuteStatement rds-data.ExecuteSql
    redshift-data.ExecuteStatement redshift-data.BatchExecuteStatement athena.StartQueryExecution timestream.Query
    neptune-db.ExecuteGremlinQuery neptune-db.ExecuteOpenCypherQuery qldb.SendCommand
    logs.PutRetentionPolicy ecr.PutLifecyclePolicy dynamodb.UpdateTimeToLive dynamodb.UpdateContinuousBackups
    backup.UpdateRecoveryPointLifecycle backup.DisassociateRecoveryPoint cloudtrail.StopEventDataStoreIngestion
    cloudtrail.PutEventSelectors cloudtrail.UpdateTrail guardduty.UpdateDetector securityhub.DisableSecurityHub
    securityhub.BatchDisableStandards inspector2.Disable macie2.DisableMacie controltower.DisableControl
    controltower.DisableBaseline cloudwatch.DisableAlarmActions events.DisableRule redshift.DisableLogging
    ec2.CreateReplaceRootVolumeTask ec2.CancelSpotFleetRequests ec2.DisableImageDeregistrationProtection
    cloudtrail.UpdateEventDataStore route53.DisableHostedZoneDNSSEC s3.PutBucketLifecycleConfiguration
    ssm.CreateAssociation ssm.CreateAssociationBatch ssm.UpdateAssociation ssm.StartAssociationsOnce
    ssm.RegisterTaskWithMaintenanceWindow rds.StopActivityStream shield.DisableApplicationLayerAutomaticResponse
    network-firewall.UpdateFirewallDeleteProtection es.DeleteDomain es.DeleteElasticsearchDomain sdb.BatchDeleteAttributes`,
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
    sso-oauth.CreateToken sso-oauth.CreateTokenWithIAM sso-oauth.RegisterClient
    cognito-idp.InitiateAuth cognito-idp.AdminInitiateAuth cognito-idp.AdminAddUserToGroup cognito-idp.AdminConfirmSignUp
    cognito-idp.SignUp ssm.StartSession ssm.ModifyDocumentPermission account.PutAlternateContact
    cloudformation.CreateStack cloudformation.UpdateStack cloudformation.ExecuteChangeSet cloudformation.CreateStackSet
    cloudformation.UpdateStackSet cloudformation.CreateStackInstances cloudformation.UpdateStackInstances
    cloudcontrolapi.CreateResource cloudcontrolapi.UpdateResource servicecatalog.ProvisionProduct
    servicecatalog.UpdateProvisionedProduct ssm.StartAutomationExecution ecs.ExecuteCommand
    rds.ModifyDBInstance rds.ModifyDBCluster redshift.ModifyCluster redshift-serverless.UpdateNamespace
    cognito-idp.CreateGroup cognito-idp.UpdateGroup cognito-idp.DeleteGroup cognito-idp.UpdateUserPool
    eks.UpdateClusterConfig lightsail.UpdateBucket codebuild.UpdateProjectVisibility appsync.UpdateGraphqlApi
    apigateway.UpdateRestApi apigateway.PutRestApi apigateway.ImportRestApi apigateway.PutMethod apigateway.UpdateMethod
    apigateway.UpdateRoute route53domains.TransferDomainToAnotherAwsAccount route53domains.DisableDomainTransferLock
    ec2.ModifySecurityGroupRules ec2.ModifyManagedPrefixList ec2.ModifyNetworkInterfaceAttribute ec2.EnableAddressTransfer
    ec2.ModifyInstanceMetadataDefaults ec2.DisassociateIamInstanceProfile s3.PutBucketReplication
    glacier.InitiateVaultLock glacier.CompleteVaultLock guardduty.DisassociateFromMasterAccount
    macie2.DisassociateFromMasterAccount securityhub.DisassociateFromMasterAccount ssm.ResumeSession
    ssm.StartChangeRequestExecution iot.OpenTunnel iot.CreateProvisioningClaim iot.RegisterThing
    apigateway.UpdateApi apigateway.ImportApi apigateway.ReimportApi elasticache.ModifyReplicationGroup
    memorydb.UpdateCluster docdb-elastic.UpdateCluster lightsail.UpdateRelationalDatabase`,
  ),
]);

/** Access and hints of an operation as they count: a correction is never milder. */
export function corrected({ service, name, access, hints }: Operation): { access: Access; hints?: readonly Hint[] } {
  const { access: other = access, hints: more = hints } = corrections[`${service}.${name}`] ?? {};
  return { access: access === 'permissions' ? access : other, ...(more.length > 0 && { hints: more }) };
}

/** The operations that are corrected. */
export const correctedNames: readonly string[] = Object.keys(corrections);
