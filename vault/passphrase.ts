/** A key from a passphrase: Argon2id (RFC 9106), in a worker, because it blocks for a fraction of a second. */
import { Worker } from 'node:worker_threads';
import { VaultError } from './error.js';
import type { Random } from './seal.js';

/** How a passphrase becomes a key; stored in the clear. */
export interface Argon2Parameters {
  /** Passes over memory. */
  readonly passes: number;
  /** Bytes of memory. */
  readonly memory: number;
  /** 16 bytes, base64. */
  readonly salt: string;
}

const mebibyte = 1024 * 1024;
const saltBytes = 16;

/** Parameters for a new key: 64 MiB, three passes, one lane, a fresh salt. */
export const newParameters = (random: Random): Argon2Parameters => ({
  passes: 3,
  memory: 64 * mebibyte,
  salt: random(saltBytes).toString('base64'),
});

/** Reads stored parameters; null if they are weaker than ours or would exhaust the machine. */
export function checkedParameters(stored: Partial<Record<string, unknown>>): Argon2Parameters | null {
  const { passes, memory, salt } = stored;
  if (typeof passes !== 'number' || !Number.isInteger(passes) || passes < 3 || passes > 16) return null;
  if (typeof memory !== 'number' || memory % mebibyte !== 0 || memory < 64 * mebibyte || memory > 1024 * mebibyte)
    return null;
  if (typeof salt !== 'string' || !/^[A-Za-z0-9+/]{22}==$/.test(salt)) return null;
  return { passes, memory, salt };
}

/** Derives the key of 32 bytes. The passphrase is taken in Unicode NFKC, so that two keyboards type the same one. */
export function fromPassphrase(passphrase: string, parameters: Argon2Parameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const text = new TextEncoder().encode(passphrase.normalize('NFKC'));
    const worker = new Worker(new URL('./argon2.js', import.meta.url), {
      workerData: { text, ...parameters },
      transferList: [text.buffer],
      env: {},
      execArgv: [],
    });
    const fail = (what: string): void =>
      reject(new VaultError('unusable', `The passphrase could not be tried: ${what}.`));
    worker.once('message', (key: Uint8Array) => resolve(Buffer.from(key.buffer, key.byteOffset, key.byteLength)));
    worker.once('error', error => fail(error.message));
    worker.once('exit', code => fail(`the worker ended with ${code}`));
  });
}
