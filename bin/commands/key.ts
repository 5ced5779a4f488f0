/** `tf key`: the keys with which the proxy signs for a gateway: subjects, grants, and permits between processes. */
import type { Command } from 'commander';
import type { PublicKey } from '../../src/identity/keys.js';
import { call } from '../control.js';
import { json, line, table } from '../print.js';

async function list(gateway: string | undefined, options: { json?: boolean }): Promise<void> {
  const query = gateway === undefined ? '' : `?gateway=${encodeURIComponent(gateway)}`;
  const keys = (await call('GET', `/keys${query}`)) as readonly PublicKey[];
  if (options.json) return json(keys);
  table(
    ['KEY', 'GATEWAY', 'SIGNS', 'CREATED', 'ROTATED'],
    keys.map(key => [
      key.id,
      key.gateway,
      key.rotated_at === null ? 'yes' : 'no',
      key.created_at,
      key.rotated_at ?? '-',
    ]),
  );
}

async function rotate(gateway: string, options: { json?: boolean }): Promise<void> {
  const key = (await call('POST', `/keys/${encodeURIComponent(gateway)}/rotate`)) as PublicKey;
  if (options.json) return json(key);
  line(`${key.id} signs for ${gateway} now. What the key before has signed can still be checked.`);
}

export default function register(program: Command): void {
  const command = program
    .command('key')
    .description('the keys with which the proxy signs for a gateway')
    .addHelpText('after', '\nExample:\n  tf key list deploy-agent');
  command
    .command('list [gateway]')
    .description('public keys, those that were rotated too')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf key list deploy-agent --json')
    .action(list);
  command
    .command('rotate <gateway>')
    .description('sign with a new key from now on, and forget the private half of the one before (operator)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf key rotate deploy-agent')
    .action(rotate);
}
