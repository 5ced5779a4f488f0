/**
 * How much harm an operation of AWS can do, from its name and its service's: `l`ist, `r`ead, `w`rite, `d`elete or
 * `p`ermissions, and `x` behind it if it destroys something. A name that says nothing is a write.
 */

const lists = /^(Admin)?(List|BatchList|Search)(?![a-z])/;
const reads = /^(Admin)?(Get|BatchGet|Describe|BatchDescribe|Head|Lookup|BatchCheck|Is|Has)(?![a-z])|^(Query|Scan)$/;
const destroys = /^(Batch)?(Delete|Terminate|Purge|Destroy|Deregister|Release|Remove|Drop|Expire|Redact|Wipe)(?![a-z])/;

const any = (...patterns) => new RegExp(patterns.map(({ source }) => source).join('|'));

/** What is handed out, though the name may begin with Get: whoever has it may do more than before. */
const issues = any(
  /^Get.*(Credentials?|(?<!Next)Token|PasswordData|Password|SigningCertificate)(ForIdentity|ForDeveloperIdentity|FromRoot|WithIAM)?$/,
  /SecretValue$|^(Batch)?GetStreamKey$|^GetApiKeys?$|^ListApiKeys$|^DescribeChapCredentials$|AuthCode$|ConnectionString$/,
  /Presigned|^GetSigned|StreamingURL|EmbedUrl|LoginUrl|^Get(Compute|Instance)Access(Details)?$/,
);

/** Who may do what: what says it, those who may, what they show for it, and from where. */
const grants = any(
  /^(Batch)?Revoke|Polic(y|ies)|Permission|Grant|Principal|Trust|Shar(e|ed|ing)(?![a-z])|Invit|Delegat|Entitlement/,
  /Roles?(?![a-z])|^AssumeRole|AccessEntr|AccessControl|Authoriz|Auth(?![a-z])|Authentication|LFTag|Webhook/,
  /Access(?![a-z])(?!Log|Preview|Session|Scope|Tasks)|Public(Access|Key|Ports)|A[Cc][Ll](Entry|Association)?s?$/,
  /SecurityGroup(In|E)gress|SecurityGroups$|IpGroups?$|IpRules|FunctionUrl|SetIdentity/,
  /^(Create|Delete|Update)User(?![a-z])|Users?(Group|Stack)?$|UserPoolClient|(To|From)Group$|Members?(?![a-z])|Membership|Admin(?![a-z])|Administrator|Organization/,
  /Federat|IdentityProvider|SAMLProvider|OpenIDConnect|IdentityPool|LoginProfile|MFA|Mfa|Password|Credential|Certificate/,
  /Secret(?![a-z])|Token(?!s?Count)|AccessKey|KeyPair|A[Pp][Ii]Key|Key(Group|Material)?$|Kms|KMS|Encrypt(ion)?(?![a-z])/,
  /(Snapshot|Image|DBSnapshot|DBClusterSnapshot)Attribute/,
);

/** What has such a word in its name, and gives nobody anything. */
const harmless = /^(Encrypt|EncryptData|ReEncryptData|GenerateDataKey(WithoutPlaintext)?)$|ProfileKey$|KeyValue/;

/** Policies that say when, not who. */
const schedules =
  /(Scaling|Lifecycle|Retention|Backup|Routing|Cache|Request|Redrive|Expiration|Maintenance|Notification|Rotation|Reservation|ResponseHeaders|Compression|LoadBalancer|Sampling|Traffic|Encryption|(?<!Data)Protection|Throttling|Health|Simulate\w*|Replication)Polic(y|ies)/;

/** Services that are about nothing else. */
const identity = new Set(['iam', 'sso', 'organizations', 'ram', 'identitystore', 'rolesanywhere', 'sts', 'account']);

/** Whether an operation only tells something. */
export const isReading = operation => lists.test(operation) || reads.test(operation);

/** `w`, `dx`, … for an operation; `any` if it need not say what it is about: to describe any is to list them. */
export function accessOf(service, operation, method, any) {
  if (issues.test(operation)) return 'p';
  if (lists.test(operation) && method !== 'DELETE') return 'l';
  if (reads.test(operation) && method !== 'DELETE') return any && /^Describe\w*s$/.test(operation) ? 'l' : 'r';
  const destroying = destroys.test(operation) || method === 'DELETE';
  // Permissions may be about the tags of who has them.
  const tags = /Tags?$|TagsFrom\w+$|^Untag/.test(operation) && !/LFTag/.test(operation);
  if (tags && !identity.has(service)) return 'w';
  const granting = grants.test(operation) && !schedules.test(operation) && !harmless.test(operation);
  if (identity.has(service) || granting) return destroying ? 'px' : 'p';
  return destroying ? 'dx' : 'w';
}
