/**
 * Whom Tollfence trusts upstream, and what those are given who must trust Tollfence: sets of root certificates.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { exitCode, Fault } from '../errors.js';

/** Where the systems that we know keep their roots: Debian and Alpine, Fedora and RHEL, macOS and OpenBSD, SUSE. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
];

/** Roots for verifying upstreams. */
export interface UpstreamTrust {
  /** PEM, one certificate each, none twice. */
  readonly roots: readonly string[];
  /** The one context that holds them, made when it is first needed (reading this many certificates takes a while). */
  context(): SecureContext;
}

/**
 * Node's own roots, the system's, and those in `extraFiles` (PEM). NODE_EXTRA_CA_CERTS doesn't count here: Node itself
 * ignores it wherever roots are given. Throws `Fault` with every extra file that can't be read or holds no certificate.
 */
export function upstreamTrust({ extraFiles = [] }: { readonly extraFiles?: readonly string[] } = {}): UpstreamTrust {
  const roots = distinct([...rootCertificates, ...systemRoots(), ...extraRoots(extraFiles)]);
  let context: SecureContext | undefined;
  return { roots, context: () => (context ??= createSecureContext({ ca: [...roots], minVersion: 'TLSv1.2' })) };
}

/** The roots that a child process shall trust: the system's (or Node's, when the system has none) and ours, which is first. */
export function childRoots(certificatePem: string): string[] {
  const system = systemRoots();
  return distinct([certificatePem, ...(system.length > 0 ? system : rootCertificates)]);
}

function systemRoots(): string[] {
  for (const file of systemBundles) {
    try {
      const found = certificates(readFileSync(file, 'utf8'));
      if (found.length > 0) return found;
    } catch {
      // Not this system.
    }
  }
  return [];
}

function extraRoots(files: readonly string[]): string[] {
  const faults: string[] = [];
  const roots = files.flatMap(file => {
    try {
      const found = certificates(readFileSync(file, 'utf8'));
      if (found.length === 0) faults.push(`${file} holds no certificate in PEM`);
      for (const [i, pem] of found.entries())
        if (!parses(pem)) faults.push(`certificate ${i + 1} of ${file} is damaged`);
      return found;
    } catch (error) {
      faults.push(`${file} can't be read (${(error as NodeJS.ErrnoException).code})`);
      return [];
    }
  });
  if (faults.length === 0) return roots;
  throw new Fault(
    exitCode.failed,
    `Additional roots can't be used: ${faults.join('; ')}.`,
    'Check --upstream-ca, and upstream.ca_file in config.yaml.',
  );
}

const certificates = (text: string): string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];

function parses(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

// Bundles differ in line ends and widths, so certificates are compared by their Base64 alone.
const distinct = (pems: readonly string[]): string[] => [
  ...new Map(pems.map(pem => [pem.replace(/-----[^-]+-----|\s/g, ''), pem.trim()])).values(),
];
