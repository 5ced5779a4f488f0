/** The worker that derives a key from a passphrase, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import sodium from 'libsodium-wrappers-sumo';
import type { Argon2Parameters } from './passphrase.js';
import { keyBytes } from './seal.js';

const { text, passes, memory, salt } = workerData as Argon2Parameters & { text: Uint8Array };
await sodium.ready;
const key = sodium.crypto_pwhash(
  keyBytes,
  text,
  Buffer.from(salt, 'base64'),
  passes,
  memory,
  sodium.crypto_pwhash_ALG_ARGON2ID13,
);
text.fill(0);
const copy = Uint8Array.from(key);
key.fill(0);
parentPort?.postMessage(copy, [copy.buffer]);
