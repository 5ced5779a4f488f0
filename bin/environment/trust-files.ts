/**
 * The files that child processes read to trust our root. They hold no secret, and must be where an agent may look: not in
 * the CA's own directory.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCode, Fault } from '../../src/errors.js';
import { childRoots } from '../../src/tls/trust.js';
import { trustStore } from '../../src/tls/trust-store.js';
import type { TrustFiles } from './child-environment.js';

/**
 * Writes `ca.pem`, `bundle.pem` and `trust.p12` into `dir`, each whole or not at all, and only if it would change (a run
 * that has them open is not disturbed). Returns their paths and that of the preload. Throws `Fault` if it can't.
 */
export function writeTrustFiles(dir: string, authority: { readonly certificatePem: string }): TrustFiles {
  const roots = childRoots(authority.certificatePem);
  const files = { ca: join(dir, 'ca.pem'), bundle: join(dir, 'bundle.pem'), pkcs12: join(dir, 'trust.p12') };
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    // The store is slow to make, and follows the bundle; which is written after it, so that a crash between them repeats both.
    const bundle = Buffer.from(`${roots.join('\n')}\n`);
    if (!content(files.pkcs12) || !content(files.bundle)?.equals(bundle)) replace(files.pkcs12, trustStore(roots));
    replace(files.bundle, bundle);
    replace(files.ca, Buffer.from(authority.certificatePem));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Fault(exitCode.failed, `The files for trusting the CA can't be written to ${dir}: ${code ?? message}.`);
  }
  return { ...files, preload: fileURLToPath(new URL('./preload.cjs', import.meta.url)) };
}

function replace(file: string, next: Buffer): void {
  if (content(file)?.equals(next)) return;
  const temporary = `${file}.${process.pid}`;
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(fd, next);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
}

function content(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
