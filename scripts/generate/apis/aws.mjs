/**
 * AWS: the newest model of every service in its SDK as lines of text, one text for each name in front of the region in a
 * host, so that only the service that is asked for is read. `# SERVICE PROTOCOL VERSION-OR-TARGET`, then its operations:
 * `NAME ACCESS [METHOD PATH] PLACE…`, as `connectors/aws/model.ts` reads them; `@` behind the access if a role may be
 * passed. `= NAME` stands for another host's.
 */
import { accessOf, isReading } from '../aws/access.mjs';
import { entitiesOf, passes, places, template } from '../aws/members.mjs';

/** Prefixes of IAM where they are neither the name that is signed for nor that of the host. */
const prefixes = {
  apigatewaymanagementapi: 'execute-api',
  connectparticipant: 'participant',
  'iot-data': 'iot',
  iotsecuretunneling: 'iot',
  monitoring: 'cloudwatch',
  resourcegroupstaggingapi: 'tag',
  pinpoint: 'mobiletargeting',
  'sso-oidc': 'sso-oauth',
  sso: 'sso',
};

/** Hosts whose first label is somebody's own. */
const own = { 'data-ats.iot': '*.iot', kinesisvideo: '*.kinesisvideo', 's3-control': '*.s3-control' };

/** Services of one host that share operations: the whole one goes first. */
const order = ['rds', 'eventbridge', 'qconnect'];

function linesOf(name, model, taken) {
  const { metadata, operations, shapes } = model;
  const rest = metadata.protocol.startsWith('rest');
  const service = prefixes[name] ?? (metadata.signingName ?? metadata.endpointPrefix).toLowerCase();
  const marks = metadata.targetPrefix ?? (rest ? '' : metadata.apiVersion);
  const of = { service, protocol: metadata.protocol, entities: entitiesOf(Object.keys(operations)) };
  const lines = Object.entries(operations).flatMap(([operation, description]) => {
    const { method = 'POST' } = description.http ?? {};
    const key = rest ? `${method} ${template(description, shapes)}` : `${metadata.protocol} ${marks} ${operation}`;
    // Two models of one service (RDS and Neptune) say the same of it.
    const shape = key.replace(/\{[^}]+\}/g, '{}').replace(/\/$/, '');
    const other = taken.get(shape);
    taken.set(shape, operation);
    // What S3 means is written by hand (connectors/aws/s3-operations.ts), and its model only says what there is.
    if (other !== undefined && other !== operation && name !== 's3')
      throw new Error(`${name}: ${key} is ${operation} and ${other}`);
    if (other === operation) return [];
    // IAM and STS say who may have a role, and give it to nobody else.
    const gives = !['iam', 'sts', 'organizations'].includes(service) && !isReading(operation);
    const passing = gives && passes(service, description, shapes);
    const [about, ...others] = places({ ...of, name: operation, passing }, description, shapes);
    const access = accessOf(service, operation, rest ? method : 'POST', /^(?:[~=]|[?-]$)/.test(about));
    return [
      [
        operation,
        passing ? `${access}@` : access,
        ...(rest ? [key] : []),
        access === 'l' && about === '?' ? '-' : about,
        ...others,
      ].join(' '),
    ];
  });
  return lines.length === 0 ? [] : [`# ${service} ${metadata.protocol} ${marks}`.trimEnd(), ...lines];
}

/** What is in front of the name of the host for some operations. */
const prefixesOf = ({ operations }) => [
  ...new Set(Object.values(operations).flatMap(({ endpoint }) => (endpoint ? [endpoint.hostPrefix] : []))),
];

const models = 'apis/';

/** The newest of each service, by its name. */
function newest(files) {
  const found = new Map();
  for (const path of [...files.keys()].sort()) {
    const [, name] = /([^/]+)-\d{4}-\d\d-\d\d\.min\.json$/.exec(path) ?? [];
    if (name !== undefined) found.set(name, files.get(path));
  }
  return [...found].map(([name, text]) => [name, JSON.parse(text)]);
}

export default {
  name: 'aws',
  packages: [
    {
      name: 'aws-sdk',
      version: '2.1693.0',
      integrity: 'sha512-cJmb8xEnVLT+R6fBS5sn/EFJiX7tUnDaPtOPZ1vFbOJtd0fnZn/Ky2XGgsvvoeliWeH7mL3TWSX5zXXGSQV6gQ==',
      licence: 'Apache-2.0',
      files: [models],
    },
  ],
  build(files) {
    const data = {};
    const taken = {};
    const services = newest(files).sort(([a], [b]) => order.includes(b) - order.includes(a) || (a < b ? -1 : 1));
    for (const [name, model] of services) {
      const host = model.metadata.endpointPrefix;
      taken[host] ??= new Map();
      const lines = linesOf(name, model, taken[host]);
      data[host] = [...(data[host] === undefined ? [] : [data[host]]), ...lines].join('\n');
    }
    for (const [, model] of services) {
      const host = model.metadata.endpointPrefix;
      for (const prefix of prefixesOf(model)) if (!prefix.startsWith('{')) data[`${prefix}${host}`] ??= `= ${host}`;
      if (own[host] !== undefined) data[own[host]] ??= `= ${host}`;
      // FIPS has `ecr-fips` for `api.ecr`.
      if (host.startsWith('api.')) data[host.slice('api.'.length)] ??= `= ${host}`;
    }
    return { data };
  },
};
