/**
 * What the name of an AWS host tells of the scope that signs for it: the services, and the region.
 * https://docs.aws.amazon.com/general/latest/gr/rande.html
 */

/** What a host tells. */
export interface Told {
  /** Names that may stand in a scope, the usual one first. */
  readonly services: readonly string[];
  /** Null if the host serves more than one, or all. */
  readonly region: string | null;
}

const suffixes = ['.amazonaws.com', '.amazonaws.com.cn', '.api.aws', '.on.aws', '.api.amazonwebservices.com.cn'];

const regionLabel = /^(?:[a-z]{2}|us-gov|us-iso[a-z]?|eu-isoe|eusc-de)-(?:north|south|east|west|central)+-\d$/;
/** Labels that say how a host is reached, and nothing of what it is. */
const ways = new Set(['dualstack', 'fips', 'vpce']);

/**
 * Services that sign under another name than the last label of their hosts: `endpointPrefix` and `signingName` in the
 * metadata of the service models of botocore 1.29.27 (Apache-2.0); below the line what newer hosts need.
 */
const names: { readonly [labels: string]: readonly string[] } = {
  'api.fleethub.iot': ['iotfleethub'],
  'api.tunneling.iot': ['IoTSecuredTunneling'],
  appconfigdata: ['appconfig'],
  appstream2: ['appstream'],
  backupstorage: ['backup-storage'],
  cloudhsmv2: ['cloudhsm'],
  'contact-lens': ['connect'],
  'data.iotevents': ['ioteventsdata'],
  'data.jobs.iot': ['iot-jobs-data'],
  email: ['ses'],
  forecastquery: ['forecast'],
  'identity-chime': ['chime'],
  iot: ['iot', 'iotdata', 'iotdevicegateway', 'execute-api'],
  marketplace: ['aws-marketplace'],
  'media-pipelines-chime': ['chime'],
  'meetings-chime': ['chime'],
  'memory-db': ['memorydb'],
  'messaging-chime': ['chime'],
  'migrationhub-config': ['mgh'],
  mobile: ['AWSMobileHubService'],
  'models-v2-lex': ['lex'],
  oidc: ['awsssooidc'],
  'participant.connect': ['execute-api'],
  'personalize-events': ['personalize'],
  'personalize-runtime': ['personalize'],
  pinpoint: ['mobiletargeting'],
  'portal.sso': ['awsssoportal'],
  'runtime-v2-lex': ['lex'],
  'servicecatalog-appregistry': ['servicecatalog'],
  'sms-voice.pinpoint': ['sms-voice'],
  'voice-chime': ['chime'],
  // ──
  'appsync-api': ['appsync'],
  'appsync-realtime-api': ['appsync'],
  'bedrock-agent': ['bedrock'],
  'bedrock-agent-runtime': ['bedrock'],
  'bedrock-data-automation': ['bedrock'],
  'bedrock-data-automation-runtime': ['bedrock'],
  'bedrock-runtime': ['bedrock'],
  ddb: ['dynamodb'],
  'lambda-url': ['lambda'],
  queue: ['sqs'],
};

/** A label without what says how it is reached; all of S3's hosts but two sign as `s3`. */
function plain(label: string): string {
  const name = label.replace(/-fips$/, '');
  if (/^s3express-/.test(name)) return 's3express';
  return /^s3-/.test(name) && name !== 's3-outposts' && name !== 's3-object-lambda' ? 's3' : name;
}

/** What this host tells; null if it is not one of AWS. */
export function toldBy(host: string): Told | null {
  const suffix = suffixes.find(end => host.endsWith(end));
  if (suffix === undefined) return null;
  const labels = host
    .slice(0, -suffix.length)
    .split('.')
    // `s3-eu-west-1` is how S3's first regions are called.
    .flatMap(label => (label.startsWith('s3-') && regionLabel.test(label.slice(3)) ? ['s3', label.slice(3)] : [label]))
    .filter(label => !ways.has(label));
  const found = labels.findLastIndex(label => regionLabel.test(label));
  // A bucket may be called like a region.
  const at = labels.at(-1) === 's3' ? -1 : found;
  // `search-books.us-east-1.es`: a few have the region in front.
  const own = at < 0 ? labels : at === labels.length - 1 ? labels.slice(0, at) : labels.slice(at + 1);
  const name = own.map(plain);
  const region = at < 0 ? null : labels[at]!;
  const last = name.at(-1);
  if (last === undefined) return { services: [], region };
  const known = name.map((_, i) => names[name.slice(i).join('.')]).find(list => list !== undefined);
  return { services: [...new Set([...(known ?? []), last])], region };
}
