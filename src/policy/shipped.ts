/**
 * The default policy as it is shipped: built from the Rego in `policies/tollfence`, checked against its digest before use.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { exitCode, Fault } from '../errors.js';

/** Hex SHA-256 of some bytes. */
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** Where the default policy lies, as Rego and built. Throws a Fault if it is missing. */
export function shippedDirectory(): URL {
  // From dist/src/policy in a package, and from an out directory that has policies beside src.
  const directory = ['../../../policies/', '../../policies/']
    .map(up => new URL(up, import.meta.url))
    .find(url => ['tollfence.wasm', 'tollfence.wasm.sha256'].every(name => existsSync(new URL(name, url))));
  if (directory) return directory;
  throw new Fault(exitCode.failed, 'The default policy is missing from this installation.', 'Install Tollfence again.');
}

/** The default policy's module. Throws a Fault if it is missing or altered. */
export function shippedWasm(): Uint8Array {
  const directory = shippedDirectory();
  const wasm = readFileSync(new URL('tollfence.wasm', directory));
  const digest = readFileSync(new URL('tollfence.wasm.sha256', directory), 'utf8').slice(0, 64);
  if (sha256(wasm) === digest) return wasm;
  throw new Fault(
    exitCode.failed,
    'The default policy is not the one that was shipped: its digest differs.',
    'Install Tollfence again, or build it with `node scripts/build-policy.mjs`.',
  );
}
