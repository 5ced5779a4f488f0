/**
 * A key in the system's keychain: `security` on macOS, `secret-tool` (Secret Service) on Linux. The key travels over
 * stdin and stdout only: every local user can read the arguments of a process.
 */
import { spawn } from 'node:child_process';
import { timingSafeEqual } from 'node:crypto';
import { VaultError } from './error.js';
import { parseKey } from './keyfile.js';
import type { Random } from './seal.js';

/** How to reach the keychain; by default this system's own program. */
export interface Keychain {
  readonly platform?: 'darwin' | 'linux';
  /** Path of `security` or `secret-tool`. */
  readonly program?: string;
}

const patience = 60_000;
const outputLimit = 1024;

/** A new name to keep a key under. */
export const keychainAccount = (random: Random): string => `tollfence-${random(16).toString('hex')}`;

/** Keeps `key` under `account`, and reads it back to be sure: `security -i` ends with 0 even when it failed. */
export async function writeKeychain(keychain: Keychain, account: string, key: Buffer): Promise<void> {
  const text = key.toString('base64');
  if (platformOf(keychain) === 'darwin') {
    await converse(keychain, ['-i'], `add-generic-password -U -s tollfence -a ${account} -w ${text}\n`);
  } else {
    const about = ['--label=Tollfence vault key', 'service', 'tollfence', 'account', account];
    await converse(keychain, ['store', ...about], text);
  }
  const back = await readKeychain(keychain, account);
  const same = timingSafeEqual(back, key);
  back.fill(0);
  if (!same) throw new VaultError('unusable', 'The keychain did not keep the key.', 'Use a key file or a passphrase.');
}

/** Reads the key under `account`. Throws `missing` if the keychain has none. */
export async function readKeychain(keychain: Keychain, account: string): Promise<Buffer> {
  const question =
    platformOf(keychain) === 'darwin'
      ? ['find-generic-password', '-s', 'tollfence', '-a', account, '-w']
      : ['lookup', 'service', 'tollfence', 'account', account];
  const key = parseKey(await converse(keychain, question, ''));
  if (key !== null) return key;
  throw new VaultError(
    'missing',
    `The keychain has no key under ${account}.`,
    'Unlock the keychain, or restore the key.',
  );
}

function platformOf(keychain: Keychain): 'darwin' | 'linux' {
  const platform = keychain.platform ?? process.platform;
  if (platform === 'darwin' || platform === 'linux') return platform;
  throw new VaultError('unusable', `There is no keychain for ${platform} yet.`, 'Use a key file or a passphrase.');
}

/**
 * Runs the program with `input` on stdin; gives what it printed. Throws `unusable` if it can't run, or fails. A lookup
 * that fails without a word has found nothing, and gives ''.
 */
function converse(keychain: Keychain, words: readonly string[], input: string): Promise<string> {
  const program = keychain.program ?? (platformOf(keychain) === 'darwin' ? '/usr/bin/security' : 'secret-tool');
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'pipe' });
    // Not spawn's own time-out: its timer outlives a program that could not be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    const fail = (what: string): void =>
      reject(new VaultError('unusable', `The keychain can't be used: ${what}.`, 'Use a key file or a passphrase.'));
    let printed = '';
    let complaint = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      printed = (printed + text).slice(0, outputLimit);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, outputLimit);
    });
    child.once('error', error => {
      clearTimeout(timer);
      fail(error.message);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const silent = complaint === '' || complaint.includes('could not be found');
      if (signal !== null) fail(`${program} did not answer (${signal})`);
      else if (code === 0 || (input === '' && silent)) resolve(printed);
      // What it says about its input could quote the input.
      else fail(`${program} failed with ${code}${input === '' ? `: ${complaint.trim()}` : ''}`);
    });
    // A program that never reads its input breaks the pipe; its exit says so better.
    child.stdin.on('error', () => undefined).end(input);
  });
}
