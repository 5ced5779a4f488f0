/** `tf approver`: people who sign what they approve. Once there is one, nobody approves without a signature. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Approver } from '../../src/approvers/index.js';
import { exitCode, Fault } from '../../src/errors.js';
import { call } from '../control.js';
import { inert, json, line, note, table } from '../print.js';

interface AddOptions {
  readonly user: string[];
  readonly role: string[];
  readonly publicKey?: string;
  readonly key?: string;
  readonly passphrase: boolean;
  readonly email?: string;
  readonly slack?: string;
  readonly json?: boolean;
}

const pem = (key: ReturnType<typeof createPublicKey>): string => key.export({ type: 'spki', format: 'pem' }) as string;

function readPublicKey(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Fault(
      exitCode.missing,
      `The public key ${path} can't be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}

/** Who has this key already: a proxy that died before it answered, or another one after it, has registered it all the same. */
const registered = async (key: string): Promise<Approver | undefined> =>
  ((await call('GET', '/approvers')) as Approver[]).find(({ public_key }) => public_key === key);

async function add(name: string, options: AddOptions): Promise<void> {
  if (options.publicKey !== undefined && options.key !== undefined)
    throw new Fault(exitCode.usage, '--public-key registers a key that is there; --key says where a new one goes.');
  // Also the name of a file, until the proxy looks at it.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._@-]*$/.test(name))
    throw new Fault(exitCode.usage, "An approver's name has up to 63 letters, digits, and . _ @ - between them.");
  const { keyFileOf, writeKeyFile } = await import('../approver/key-file.js');
  const path = options.key === undefined ? keyFileOf(name) : resolve(options.key);
  let undo = (): void => {};
  let publicKey: string;
  if (options.publicKey === undefined) {
    const { newPassphrase } = await import('../approver/passphrase.js');
    const { privateKey } = generateKeyPairSync('ed25519');
    undo = writeKeyFile(path, privateKey, options.passphrase ? await newPassphrase(name) : null);
    publicKey = pem(createPublicKey(privateKey));
  } else publicKey = readPublicKey(options.publicKey);
  let approver: Approver;
  try {
    const { user: users, role: roles, email = '', slack = '' } = options;
    approver = (await call('POST', '/approvers', {
      name,
      public_key: publicKey,
      users,
      roles,
      email,
      slack,
    })) as Approver;
  } catch (error) {
    const found = await registered(publicKey).catch(() => undefined);
    if (found === undefined) {
      undo();
      throw error;
    }
    approver = found;
  }
  if (options.json) return json({ ...approver, ...(options.publicKey === undefined && { key_file: path }) });
  line(`${approver.name} may approve now, with ${approver.key}; as a user: ${approver.users.map(inert).join(', ')}.`);
  if (options.publicKey === undefined) line(`The private key is in ${path}. Nobody else needs it, nor does the proxy.`);
  note('From now on every approval needs the signature of an approver: tf approvals approve ID --as NAME');
}

async function list(options: { json?: boolean }): Promise<void> {
  const approvers = (await call('GET', '/approvers')) as Approver[];
  if (options.json) return json(approvers);
  table(
    ['NAME', 'KEY', 'USER', 'ROLES', 'EMAIL', 'SLACK', 'ADDED'],
    approvers.map(({ name, key, users, roles, email, slack, added_at }) => [
      ...[name, key, users.join(', '), roles.join(', ') || '-', email ?? '-', slack ?? '-', added_at],
    ]),
  );
}

async function remove(name: string, options: { json?: boolean }): Promise<void> {
  const approver = (await call('DELETE', `/approvers/${encodeURIComponent(name)}`)) as Approver;
  if (options.json) return json(approver);
  line(`${approver.name} may approve nothing any more. What he has signed stays good.`);
  if (((await call('GET', '/approvers')) as Approver[]).length === 0)
    note('There is no approver any more: the operator approves without a signature.');
}

async function link(approval: string, name: string, options: { json?: boolean }): Promise<void> {
  const made = (await call('POST', `/approvers/${encodeURIComponent(name)}/links`, { approval })) as { url: string };
  if (options.json) return json(made);
  line(made.url);
  note(`Good for ${name}, once, for 15 minutes. Whoever opens it can answer: send it to nobody else.`);
}

const collect = (value: string, all: string[]): string[] => [...all, value];

export default function register(program: Command): void {
  const command = program
    .command('approver')
    .description('people who sign what they approve')
    .addHelpText('after', '\nExample:\n  tf approver add alice --user alice@example.com');
  command
    .command('add <name>')
    .description('register an approver, with a new key or one that is there (operator)')
    .option('--user <sub|email>', 'who that is as a user (repeatable); the name, if not told', collect, [])
    .option('--role <role>', 'for permissions that ask for role:ROLE (repeatable)', collect, [])
    .option('--public-key <file>', 'the key of somebody who has one: SPKI in PEM, or a line of OpenSSH')
    .option('--key <file>', 'where the new private key goes')
    .option('--no-passphrase', 'leave the new private key without one')
    .option('--email <address>', 'where mail goes to')
    .option('--slack <id>', 'member id at Slack, such as U024BE7LH')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  tf approver add bob --user bob@example.com --role payments --public-key bob.pub',
    )
    .action(add);
  command
    .command('list')
    .description('who may approve')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf approver list')
    .action(list);
  command
    .command('remove <name>')
    .description('take it from somebody (operator)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf approver remove bob')
    .action(remove);
  command
    .command('link <approval> <name>')
    .description('an address with which this approver answers it, once (operator)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf approver link apr_01JD3V0Q4N8X5T7W9Y2Z6A8B0C alice')
    .action(link);
}
