/** Configuration: `config.yaml`, strict. All faults are found at once and named by their paths. */
import { isIP } from 'node:net';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { exitCode, Fault } from './errors.js';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `250ms`, `55s`, `15m` in milliseconds, or null. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  return match === null ? null : Number(match[1]) * units[match[2]!]!;
}

const duration = z
  .string()
  .refine(text => parseDuration(text) !== null, 'must be a duration such as 250ms, 55s or 15m')
  .transform(text => parseDuration(text)!);

const hostPort = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;
/** Whether a text is `HOST:PORT`, with brackets around an IPv6 address. */
export const isHostPort = (text: string): boolean => Number(hostPort.exec(text)?.[2] ?? 65_536) < 65_536;

const address = z.string().refine(isHostPort, 'must be HOST:PORT');
const block = z.string().refine(text => {
  const [net, bits, more] = text.split('/') as [string, string | undefined, string | undefined];
  const family = isIP(net);
  return (
    family !== 0 && more === undefined && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (family === 4 ? 32 : 128)
  );
}, 'must be a CIDR block such as 10.0.0.0/8');

/** Whether a text is the URL of an HTTP proxy. */
function isProxy(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

const schema = z
  .strictObject({
    listen: address.default('127.0.0.1:0'),
    dashboard: z.union([z.literal('off'), address]).default('off'),
    upstream: z
      .strictObject({
        connect_to: z.record(address, address).default({}),
        ca_file: z
          .union([z.string(), z.array(z.string())])
          .default([])
          .transform(files => [files].flat()),
        proxy: z.string().refine(isProxy, 'must be a URL such as http://proxy.corp:3128').optional(),
        allow_private: z.array(block).default([]),
      })
      .prefault({}),
    approvals: z
      .strictObject({
        hold: duration.default(55_000),
        expire: duration.default(900_000),
        pending_status: z.int().min(400).max(599).default(503),
      })
      .prefault({}),
    policy: z.strictObject({ deadline: duration.default(250) }).prefault({}),
    log: z.strictObject({ durability: z.enum(['full', 'batch']).default('full') }).prefault({}),
    record: z.strictObject({ bodies: z.union([z.literal('off'), z.literal(false)]).default('off') }).prefault({}),
    vault: z
      .strictObject({
        key: z.union([z.enum(['file', 'passphrase', 'keychain']), z.string().regex(/^file:.+/)]).default('file'),
      })
      .prefault({}),
    idle: duration.default(600_000),
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

/** What a configuration asks for that this version doesn't do, as sentences. Values aren't quoted: a URL may hold a password. */
export function notYet({ dashboard, upstream }: Config): string[] {
  return [
    ...(dashboard === 'off' ? [] : ['dashboard: this version has no web page, and nothing listens there.']),
    ...(upstream.proxy === undefined ? [] : ['upstream.proxy: this version connects to upstreams directly.']),
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
