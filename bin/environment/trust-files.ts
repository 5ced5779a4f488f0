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
    // The store follows the bundle, and takes ten times as long to make: it is only made when the bundle is new.
    const changed = replace(files.bundle, Buffer.from(`${roots.join('\n')}\n`)) || !exists(files.pkcs12);
    if (changed) replace(files.pkcs12, trustStore(roots));
    replace(files.ca, Buffer.from(authority.certificatePem));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Fault(exitCode.failed, `The files for trusting the CA can't be written to ${dir}: ${code ?? message}.`);
  }
  return { ...files, preload: fileURLToPath(new URL('./preload.cjs', import.meta.url)) };
}

function replace(file: string, content: Buffer): boolean {
  if (exists(file)?.equals(content)) return false;
  const temporary = `${file}.${process.pid}`;
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
  return true;
}

function exists(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
