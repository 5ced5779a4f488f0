/**
 * ARNs of what a request is about. The account is empty where the request doesn't say one: it is then that of the
 * credential. `arn` is the type of the resource, and what is behind its first colon the id.
 */

import type { Place } from './host.js';
import type { Operation } from './model.js';

/** Services without regions in their ARNs. */
const everywhere = new Set(
  `iam sts route53 cloudfront organizations globalaccelerator waf s3 account aws-portal billing billingconductor budgets
  chime ce cur health networkmanager savingsplans shield support trustedadvisor`.split(/\s+/),
);

/** Whether the request says in which region it is: an old host without one is that of `us-east-1`, or of the signature's. */
export const saysWhere = (place: Place, service: string): boolean => place.region !== '' || everywhere.has(service);

/** How ARNs end where it isn't the parameter's own word and a slash: service → parameter → its form. */
const forms: { readonly [service: string]: { readonly [parameter: string]: string } } = {
  lambda: { function_name: 'function:*', layer_name: 'layer:*', uuid: 'event-source-mapping:*' },
  sns: { name: '*', topic_name: '*' },
  sqs: { queue_name: '*' },
  secretsmanager: { secret_id: 'secret:*', name: 'secret:*', secret_id_list: 'secret:*' },
  rds: {
    db_instance_identifier: 'db:*',
    db_cluster_identifier: 'cluster:*',
    db_snapshot_identifier: 'snapshot:*',
    db_cluster_snapshot_identifier: 'cluster-snapshot:*',
    db_parameter_group_name: 'pg:*',
    db_cluster_parameter_group_name: 'cluster-pg:*',
    db_subnet_group_name: 'subgrp:*',
    option_group_name: 'og:*',
    global_cluster_identifier: 'global-cluster:*',
  },
  redshift: { cluster_identifier: 'cluster:*' },
  elasticache: { cache_cluster_id: 'cluster:*', replication_group_id: 'replicationgroup:*' },
  logs: { log_group_name: 'log-group:*' },
  cloudwatch: { alarm_names: 'alarm:*', alarm_name: 'alarm:*' },
  route53: { hosted_zone_id: 'hostedzone/*' },
  'cognito-idp': { user_pool_id: 'userpool/*' },
  'cognito-identity': { identity_pool_id: 'identitypool/*' },
  codepipeline: { pipeline_name: '*', name: '*' },
  codecommit: { repository_name: '*' },
  firehose: { delivery_stream_name: 'deliverystream/*' },
  es: { domain_name: 'domain/*' },
  ec2: { group_id: 'security-group/*', group_ids: 'security-group/*', allocation_id: 'elastic-ip/*' },
  elasticfilesystem: { file_system_id: 'file-system/*' },
};

/** `table_name` is a `table`, `user_pool_id` a `user-pool`. */
const nounOf = (parameter: string): string =>
  parameter.replace(/_?(names?|ids?|identifiers?)$/, '').replaceAll('_', '-') || parameter;

/** Services, and names in them, that AWS takes to be the same in any case. */
const folded: { readonly [service: string]: RegExp } = {
  iam: /^(user|role|group|instance_profile)_name$/,
  rds: /_(identifier|name)s?$/,
  redshift: /_(identifier|name)s?$/,
  elasticache: /_(id|ids|name)$/,
  'memory-db': /_name$/,
  memorydb: /_name$/,
  dax: /^cluster_names?$/,
  glue: /^(database|table)_name$/,
  ses: /^(email_identity|identity|domain)$/,
};

/** The one spelling of a name. One that is only called `name` is that of what the operation is about. */
export function canonical({ service, noun }: Operation, parameter: string, value: string): string {
  const folds = folded[service]?.test(parameter === 'name' ? `${noun}_name` : parameter) ?? false;
  return folds ? value.toLowerCase() : value;
}

/** An ARN, and whether it is certain. */
export interface About {
  readonly resource: string;
  readonly certain: boolean;
}

/** What is in front of the resource in an ARN of this service. */
export function stemOf(place: Place, service: string, account = ''): string {
  return `arn:${place.partition}:${service}:${everywhere.has(service) ? '' : place.region}:${account}:`;
}

/** The resource that one value at one place names. A parameter that takes a name may be given an ARN: which, isn't certain. */
export function aboutOf(place: Place, operation: Operation, parameter: string, value: string): About {
  const stem = stemOf(place, operation.service);
  if (parameter.endsWith('arn') || parameter.endsWith('arns')) {
    return /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9a-z]*:\S+$/.test(value)
      ? { resource: value, certain: true }
      : { resource: stem, certain: false };
  }
  if (parameter === 'queue_url') {
    const [, region, account, name] =
      /^https:\/\/sqs\.([a-z0-9-]+)\.[a-z.]+\/([0-9]{12})\/([\w.-]+)$/.exec(value) ?? [];
    return name !== undefined && region === place.region
      ? { resource: `${stemOf(place, 'sqs', account)}${name}`, certain: true }
      : { resource: stem, certain: false };
  }
  if (operation.service === 'kms' && value.startsWith('alias/')) return { resource: `${stem}${value}`, certain: false };
  const form = forms[operation.service]?.[parameter] ?? `${operation.noun || nounOf(parameter)}/*`;
  if (operation.service === 'ssm' && form === 'parameter/*')
    return { resource: `${stem}parameter/${value.replace(/^\//, '')}`, certain: !value.includes(':') };
  // `name:version` and `account:function:name` are a name and more; a path begins only where the form says so.
  const colons = operation.service === 'cognito-identity' ? /^[^\s/]+$/ : /^[^\s:]+$/;
  const whole = colons.test(value) && (!value.startsWith('/') || form.endsWith(':*'));
  return whole
    ? { resource: `${stem}${form.replace('*', () => value)}`, certain: true }
    : { resource: stem, certain: false };
}
