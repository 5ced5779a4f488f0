export default `
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
POST https://iam.amazonaws.com/ Action=UpdateAccessKey&Version=2010-05-08&UserName=bob&AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=Inactive
  aws.iam.UpdateAccessKey  permissions  arn:aws:iam:::user/bob  service=iam region=global user_name=bob access_key_id=AKIAIOSFODNN7EXAMPLE

GET https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15
  aws.sts.GetCallerIdentity  read  arn:aws:sts:::  service=sts region=eu-west-1

# Two actions in one request are none.
POST https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08 Action=DeleteUser&Version=2010-05-08&UserName=bob
  aws.unclassified  write  host:iam.amazonaws.com

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html
POST https://ec2.us-east-1.amazonaws.com/ Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-0abc
  aws.ec2.TerminateInstances  delete  arn:aws:ec2:us-east-1::instance/i-0abc  service=ec2 region=us-east-1 instance_id=["i-0abc"]

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html
POST https://dynamodb.us-west-2.amazonaws.com/ {"TableName":"Orders"}
  X-Amz-Target: DynamoDB_20120810.DeleteTable
  Content-Type: application/x-amz-json-1.0
  aws.dynamodb.DeleteTable  delete  arn:aws:dynamodb:us-west-2::table/Orders  service=dynamodb region=us-west-2 table_name=Orders

# The target of another service says nothing here.
POST https://dynamodb.us-west-2.amazonaws.com/ {"KeyId":"k","PendingWindowInDays":7}
  X-Amz-Target: TrentService.ScheduleKeyDeletion
  Content-Type: application/x-amz-json-1.1
  aws.unclassified  write  host:dynamodb.us-west-2.amazonaws.com

POST https://kms.us-east-1.amazonaws.com/ {"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","PendingWindowInDays":7}
  X-Amz-Target: TrentService.ScheduleKeyDeletion
  Content-Type: application/x-amz-json-1.1
  aws.kms.ScheduleKeyDeletion  delete  arn:aws:kms:us-east-1::key/1234abcd-12ab-34cd-56ef-1234567890ab  service=kms region=us-east-1 key_id="1234abcd-12ab-34cd-56ef-1234567890ab"

# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
POST https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/resize/invocations {"n":1}
  aws.lambda.Invoke  write  arn:aws:lambda:eu-central-1::function:resize  service=lambda region=eu-central-1 function_name=resize

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html: in the host or in the path, it is the same.
DELETE https://backups.s3.eu-west-1.amazonaws.com/2024/all.tar?x-id=DeleteObject
  aws.s3.DeleteObject  delete  arn:aws:s3:::backups/2024/all.tar  service=s3 region=eu-west-1 bucket=backups key="2024/all.tar"
DELETE https://s3.eu-west-1.amazonaws.com/backups/2024/all.tar
  aws.s3.DeleteObject  delete  arn:aws:s3:::backups/2024/all.tar  service=s3 region=eu-west-1 bucket=backups key="2024/all.tar"

GET https://backups.s3.eu-west-1.amazonaws.com/?list-type=2&prefix=2024%2F
  aws.s3.ListBucket  list  arn:aws:s3:::backups  service=s3 region=eu-west-1 bucket=backups
PUT https://backups.s3.amazonaws.com/?policy {}
  aws.s3.PutBucketPolicy  permissions  arn:aws:s3:::backups  service=s3 region=global bucket=backups
GET https://backups.s3.amazonaws.com/?acl&policy
  aws.unclassified  read  host:backups.s3.amazonaws.com

# A service that isn't known.
POST https://brandnew.us-east-1.amazonaws.com/
  aws.unclassified  write  host:brandnew.us-east-1.amazonaws.com
`;
