/** `tf secret`: credentials, write-only. Values come from stdin or a prompt, never from the command line, and never back. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import type { SecretMeta } from '../../vault/index.js';
import { call } from '../control.js';
import { json, line, note, table } from '../print.js';

interface SetOptions {
  readonly connector?: string;
  readonly host: string[];
  readonly scheme?: string;
  readonly gateway: string[];
  readonly json?: boolean;
}

const valueLimit = 65_536;

/** All of stdin; one line break at its end is the terminal's, not the secret's. */
async function fromStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > valueLimit + 2) throw new Fault(exitCode.usage, `The value is longer than ${valueLimit} bytes.`);
    chunks.push(chunk);
  }
  const all = Buffer.concat(chunks);
  const end = all.at(-1) === 10 ? (all.at(-2) === 13 ? 2 : 1) : 0;
  return all.subarray(0, all.length - end);
}

/** A secret as the person types it, unseen; or what a script pipes in. */
async function readValue(what: string): Promise<Buffer> {
  let value: Buffer;
  if (process.stdin.isTTY) {
    const { password, isCancel } = await import('@clack/prompts');
    const typed = await password({ message: what });
    if (isCancel(typed)) throw new Fault(exitCode.failed, 'Nothing was stored.');
    value = Buffer.from(typed ?? '');
  } else value = await fromStdin();
  if (value.length === 0)
    throw new Fault(
      exitCode.usage,
      'The value is empty.',
      'Give it on stdin: printf %s "$TOKEN" | tf secret set NAME …',
    );
  return value;
}

/** The first hosts of a binding, and how many more there are; `--json` has them all. */
const places = (hosts: readonly string[]): string =>
  [...hosts.slice(0, 2), ...(hosts.length > 2 ? [`${hosts.length - 2} more`] : [])].join(', ');

const sentence = ({ name, scheme, hosts, gateways, version }: SecretMeta): string =>
  `${name} (version ${version}) is sent as ${scheme} to ${places(hosts)}, for ${gateways.length === 0 ? 'any gateway' : gateways.join(', ')}.`;

async function set(name: string, options: SetOptions): Promise<void> {
  const value = await readValue(`Value of ${name}`);
  const meta = (await call('POST', '/secrets', {
    name,
    value: value.toString('base64'),
    hosts: options.host,
    gateways: options.gateway,
    ...(options.connector === undefined ? {} : { connector: options.connector }),
    ...(options.scheme === undefined ? {} : { scheme: options.scheme }),
  })) as SecretMeta;
  value.fill(0);
  if (options.json) return json(meta);
  line(sentence(meta));
}

async function rotate(name: string, options: { json?: boolean }): Promise<void> {
  const value = await readValue(`New value of ${name}`);
  const meta = (await call('POST', `/secrets/${encodeURIComponent(name)}/rotate`, {
    value: value.toString('base64'),
  })) as SecretMeta;
  value.fill(0);
  if (options.json) return json(meta);
  line(sentence(meta));
}

async function list(options: { json?: boolean }): Promise<void> {
  const secrets = (await call('GET', '/secrets')) as SecretMeta[];
  if (options.json) return json(secrets);
  table(
    ['NAME', 'SCHEME', 'CONNECTOR', 'HOSTS', 'GATEWAYS', 'VERSION', 'ROTATED'],
    secrets.map(meta => [
      meta.name,
      meta.scheme,
      meta.connector ?? '-',
      places(meta.hosts),
      meta.gateways.join(',') || 'any',
      String(meta.version),
      meta.rotated_at ?? '-',
    ]),
  );
}

async function remove(name: string, options: { json?: boolean }): Promise<void> {
  const meta = (await call('DELETE', `/secrets/${encodeURIComponent(name)}`)) as SecretMeta;
  if (options.json) return json(meta);
  line(`${meta.name} is removed.`);
}

interface Imported {
  readonly stored: string[];
  readonly skipped: { readonly variable: string; readonly why: string }[];
}

/** False for what may be a line of a key that was written without quotes: its Base64 must not be printed as a name. */
const isVariable = (name: string, value: string | undefined): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && value !== undefined && !/^=*$/.test(value);

/** The variables of AWS are one secret together. https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html */
const awsVariable = 'AWS_ACCESS_KEY_ID';

function withAwsKeys(variables: Record<string, string | undefined>): Record<string, string | undefined> {
  const { [awsVariable]: access_key_id, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, ...others } = variables;
  if (!access_key_id || !AWS_SECRET_ACCESS_KEY) return variables;
  const token = AWS_SESSION_TOKEN ? { session_token: AWS_SESSION_TOKEN } : {};
  return { ...others, AWS_KEYS: JSON.stringify({ access_key_id, secret_access_key: AWS_SECRET_ACCESS_KEY, ...token }) };
}

/** Takes what it knows out of a `.env` file: variables that a connector's SDKs read. The file stays as it is. */
async function importEnv(file: string, options: { gateway: string[]; json?: boolean }): Promise<void> {
  let variables: Record<string, string | undefined>;
  try {
    // As editors of other systems leave it: with a byte order mark, and CR LF.
    const text = readFileSync(file === '-' ? 0 : file, 'utf8').replace(/^\ufeff/, '');
    variables = withAwsKeys(parseEnv(text.replaceAll('\r\n', '\n')));
  } catch (error) {
    throw new Fault(exitCode.missing, `${file} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
  const { connectors } = await import('../../connectors/index.js');
  const result: Imported = { stored: [], skipped: [] };
  let pieces = 0;
  const known = new Set(((await call('GET', '/secrets')) as SecretMeta[]).map(({ name }) => name));
  for (const [variable, value] of Object.entries(variables)) {
    const connector = connectors.find(({ credentials }) =>
      credentials?.env?.includes(variable === 'AWS_KEYS' ? awsVariable : variable),
    );
    const name = variable.toLowerCase().replaceAll('_', '-');
    if (connector === undefined && !isVariable(variable, value)) pieces++;
    else if (connector === undefined)
      result.skipped.push({ variable, why: 'no connector reads it: tf secret set … --host' });
    else if (!value) result.skipped.push({ variable, why: 'it is empty' });
    else if (known.has(name))
      result.skipped.push({ variable, why: `there is a secret ${name} already: tf secret rotate ${name}` });
    else {
      try {
        await call('POST', '/secrets', {
          name,
          value: Buffer.from(value).toString('base64'),
          connector: connector.name,
          gateways: options.gateway,
        });
        result.stored.push(name);
      } catch (error) {
        // One value that can't be a secret doesn't keep the others out; anything else would be the same for all.
        if (!(error instanceof Fault) || error.exit !== exitCode.usage) throw error;
        result.skipped.push({ variable, why: error.message });
      }
    }
  }
  if (pieces > 0)
    result.skipped.push({ variable: `${pieces} more`, why: 'not NAME=VALUE; not shown, it may be a piece of a value' });
  if (options.json) return json(result);
  for (const name of result.stored) line(`stored   ${name}`);
  for (const { variable, why } of result.skipped) line(`skipped  ${variable}: ${why}`);
  if (result.stored.length === 0) note('Nothing was stored.');
  else if (file !== '-') note(`The values are still in ${file}: delete them there.`);
}

async function unlock(): Promise<void> {
  const passphrase = await readValue('Passphrase of the vault');
  await call('POST', '/vault/unlock', { passphrase: passphrase.toString('utf8') });
  line('The vault is open.');
}

const collect = (value: string, all: string[]): string[] => [...all, value];

export default function register(program: Command): void {
  const command = program
    .command('secret')
    .description('credentials, write-only')
    .addHelpText('after', '\nExample:\n  gh auth token | tf secret set github-token --connector github');
  command
    .command('set <name>')
    .description('store a secret; its value comes from stdin or a prompt')
    .option('--connector <name>', "for this connector's hosts, in its scheme")
    .option('--host <host>', 'for this host (repeatable)', collect, [])
    .option('--scheme <scheme>', 'bearer, basic, header:NAME, query:NAME, sigv4 … (docs/credentials.md)')
    .option('--gateway <name>', 'only for this gateway (repeatable)', collect, [])
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  gh auth token | tf secret set github-token --connector github --gateway research-agent',
    )
    .action(set);
  command
    .command('list')
    .description('names and bindings, never values')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf secret list')
    .action(list);
  command
    .command('rotate <name>')
    .description('replace the value; the next request uses it')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  printf %s "$NEW" | tf secret rotate github-token')
    .action(rotate);
  command
    .command('remove <name>')
    .description('forget a secret')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf secret remove github-token')
    .action(remove);
  command
    .command('import <file>')
    .description('store what connectors know of a .env file (- for stdin)')
    .option('--gateway <name>', 'only for this gateway (repeatable)', collect, [])
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf secret import .env --gateway research-agent')
    .action(importEnv);
  command
    .command('unlock')
    .description('open a vault whose key is a passphrase')
    .addHelpText('after', '\nExample:\n  tf secret unlock')
    .action(unlock);
}
