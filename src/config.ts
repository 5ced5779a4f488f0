/** Configuration: `config.yaml`, strict. All faults are found at once and named by their paths. */
import { isIP } from 'node:net';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { isHostPattern, isHostPort, isOwnHost, isProxyUrl } from './config/address.js';
import { defer } from './config/defer.js';
import { duration } from './config/duration.js';
import { gateways } from './config/gateways.js';
import { limits } from './config/limits.js';
import { links } from './config/links.js';
import { notify } from './config/notify.js';
import { oidc } from './config/oidc.js';
import { timezone } from './config/timezone.js';
import { exitCode, Fault } from './errors.js';

const address = z.string().refine(isHostPort, 'must be HOST:PORT');
const block = z.string().refine(text => {
  const [net, bits, more] = text.split('/') as [string, string | undefined, string | undefined];
  const family = isIP(net);
  return (
    family !== 0 && more === undefined && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (family === 4 ? 32 : 128)
  );
}, 'must be a CIDR block such as 10.0.0.0/8');

const hostName = z.string().refine(text => isHostPattern(text) && !text.startsWith('*'), 'must be a host name');

const ownHost = z.string().refine(text => isOwnHost(text), 'must be HOST or HOST:PORT');
const instance = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be a name in lower case');

/** Hosts with names, or a list of hosts that are called after themselves. */
const ownHosts = z
  .union([z.record(instance, ownHost), z.array(ownHost)])
  .transform((hosts): { readonly [instance: string]: string } =>
    Array.isArray(hosts) ? Object.fromEntries(hosts.map(host => [host.replace(/:\d+$/, ''), host])) : hosts,
  );

const schema = z
  .strictObject({
    listen: address.default('127.0.0.1:0'),
    names: z.array(hostName).default([]),
    dashboard: z.union([z.literal('off'), address]).default('off'),
    links,
    upstream: z
      .strictObject({
        connect_to: z.record(address, address).default({}),
        ca_file: z
          .union([z.string(), z.array(z.string())])
          .default([])
          .transform(files => [files].flat()),
        proxy: z.string().refine(isProxyUrl, 'must be a URL such as http://proxy.corp:3128').optional(),
        allow_private: z.array(block).default([]),
      })
      .prefault({}),
    connectors: z.record(z.string(), z.strictObject({ hosts: ownHosts })).default({}),
    oidc,
    passthrough: z.array(z.string().refine(isHostPattern, 'must be a host name, or *. and one')).default([]),
    approvals: z
      .strictObject({
        hold: duration.default(55_000),
        expire: duration.default(900_000),
        pending_status: z.int().min(400).max(599).default(503),
      })
      .prefault({}),
    defer,
    gateways,
    policy: z.strictObject({ deadline: duration.default(250) }).prefault({}),
    log: z.strictObject({ durability: z.enum(['full', 'batch']).default('full') }).prefault({}),
    record: z.strictObject({ bodies: z.union([z.literal('off'), z.literal(false)]).default('off') }).prefault({}),
    vault: z
      .strictObject({
        key: z.union([z.enum(['file', 'passphrase', 'keychain']), z.string().regex(/^file:.+/)]).default('file'),
      })
      .prefault({}),
    notify,
    idle: duration.default(600_000),
    drain: duration.default(30_000),
    timezone: timezone.default('UTC'),
    workers: z.int().min(1).max(64).default(1),
    limits,
  })
  .prefault({});

/** The configuration with its defaults; durations in milliseconds. */
export type Config = z.output<typeof schema>;

/** Reads a configuration. Throws a `Fault` (usage) that lists every fault with its path. `source` names it in the message. */
export function parseConfig(text: string, source = 'config.yaml'): Config {
  const document = parseDocument(text, { uniqueKeys: true });
  const faults = document.errors.map(
    error => `  line ${error.linePos?.[0].line ?? '?'}: ${error.message.split('\n', 1)[0]}`,
  );
  if (faults.length > 0) throw invalid(source, faults);
  const result = schema.safeParse(plain(document, source) ?? {});
  if (result.success) return result.data;
  throw invalid(source, result.error.issues.flatMap(sentences));
}

/** What an operator must know of a configuration, as sentences. Values that may hold a password aren't quoted. */
export function noticesOf({ dashboard, links: { url }, passthrough }: Config): string[] {
  const alone = /^(127\.|localhost:|\[::1\])/.test(dashboard);
  return [
    ...(dashboard === 'off' && url !== undefined ? ['links: there are none, since dashboard is off.'] : []),
    ...(dashboard === 'off' || alone || url?.startsWith('https:')
      ? []
      : [
          'dashboard: links are served over plain HTTP; put a reverse proxy with TLS in front, and name it in links.url.',
        ]),
    ...(passthrough.length === 0
      ? []
      : [
          `passthrough: what is said with ${passthrough.join(', ')} is not read; of each connection only the host, the bytes and the time are recorded.`,
        ]),
  ];
}

/** The document as plain values; aliases are resolved only here. */
function plain(document: ReturnType<typeof parseDocument>, source: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw invalid(source, [`  ${error instanceof Error ? error.message : "it can't be read"}`]);
  }
}

const invalid = (source: string, faults: readonly string[]): Fault =>
  new Fault(
    exitCode.usage,
    `${source} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.join('\n')}`,
    'Nothing was started. The keys and their defaults are in docs/configuration.md.',
  );

function sentences(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => `  ${path ? `${path}.` : ''}${key}: there is no such key`);
  if (issue.code === 'invalid_union') return [`  ${path}: is not one of the values that it may have`];
  return [`  ${path || 'the document'}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`];
}
