/**
 * How much harm an operation of AWS can do, from its name and its service's: `l`ist, `r`ead, `w`rite, `d`elete or
 * `p`ermissions, and `x` behind it if it destroys something. A name that says nothing is a write.
 */

const lists = /^(Admin)?(List|BatchList|Search)(?![a-z])/;
const reads = /^(Admin)?(Get|BatchGet|Describe|BatchDescribe|Head|Lookup|BatchCheck|Is|Has)(?![a-z])|^(Query|Scan)$/;
const destroys = /^(Batch)?(Delete|Terminate|Purge|Destroy|Deregister|Release|Remove|Drop|Expire|Redact|Wipe)(?![a-z])/;

/** What is handed out, though the name begins with Get. */
const issues =
  /^Get.*(Credentials?|(?<!Next)Token|PasswordData|Password|SigningCertificate)(ForIdentity|ForDeveloperIdentity|FromRoot)?$/;

/** Who may do what. */
const grants =
  /Polic(y|ies)|Permission|AccessKey|LoginProfile|MFA|Mfa|Grant|A[Cc][Ll]s?$|AccessControl|Roles?(?![a-z])|Credential|Password|PublicAccess|UserToGroup|UserFromGroup|Principal|Authoriz|SecurityGroup(In|E)gress|^AssumeRole|Trust|Shar(e|ing)(?![a-z])|Invit|AccessEntr|Delegat|IdentityProvider|SAMLProvider|OpenIDConnect|KeyPair|PublicKey|ApiKey|APIKey|Certificate|Token(?!s?Count)|Federat|(Snapshot|Image|DBSnapshot|DBClusterSnapshot)Attribute|FunctionUrl|Membership|Administrator|^Enable.*Admin|Organization|IdentityPool|SetIdentity|UserPoolClient|^(Create|Delete|Update|Admin\w+)User(?![a-z])|AdminAccount|Entitlement/;

/** Policies that say when, not who. */
const schedules =
  /(Scaling|Lifecycle|Retention|Backup|Routing|Cache|Request|Redrive|Expiration|Maintenance|Notification|Rotation|Reservation|OriginAccess|ResponseHeaders|Compression|LoadBalancer|Sampling|Traffic|Encryption|Protection|Throttling|Health|Simulate\w*|Replication)Polic(y|ies)/;

/** Services that are about nothing else. */
const identity = new Set(['iam', 'sso', 'organizations', 'ram', 'identitystore', 'rolesanywhere', 'sts', 'account']);

/** `w`, `dx`, … for an operation; `any` if it need not say what it is about: to describe any is to list them. */
export function accessOf(service, operation, method, any) {
  if (issues.test(operation)) return 'p';
  if (lists.test(operation) && method !== 'DELETE') return 'l';
  if (reads.test(operation) && method !== 'DELETE') return any && /^Describe\w*s$/.test(operation) ? 'l' : 'r';
  const destroying = destroys.test(operation) || method === 'DELETE';
  if (/Tags?$|TagsFrom\w+$|^Untag/.test(operation)) return 'w';
  if (identity.has(service) || (grants.test(operation) && !schedules.test(operation))) return destroying ? 'px' : 'p';
  return destroying ? 'dx' : 'w';
}
