/** `tf ca`: the root certificate that clients of the proxy must trust, for images, CI and other machines. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import type { CertificateAuthority } from '../../src/tls/authority.js';
import { paths } from '../home.js';
import { json, line } from '../print.js';

const formats = ['pem', 'bundle', 'p12'] as const;

interface ExportOptions {
  readonly format: (typeof formats)[number];
  readonly output?: string;
  readonly json?: boolean;
}

/** Adds `tf ca`. */
export default function ca(program: Command): void {
  const command = program
    .command('ca')
    .description('the certificate authority that clients of the proxy must trust')
    .addHelpText('after', '\nExample:\n  tf ca export -o tollfence.crt');

  command
    .command('export')
    .description('write the root certificate (never its key); the CA is made if there is none')
    .addOption(
      new Option('--format <format>', 'pem: the root · bundle: with the system’s roots · p12: the bundle for Java')
        .choices(formats)
        .default('pem'),
    )
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  tf ca export -o /usr/local/share/ca-certificates/tollfence.crt && update-ca-certificates',
    )
    .action(async ({ format, output, json: asJson }: ExportOptions) => {
      if (format === 'p12' && (output === undefined || asJson)) {
        throw new Fault(
          exitCode.usage,
          'A p12 trust store is not text.',
          'Name a file: tf ca export --format p12 -o trust.p12',
        );
      }
      const { openAuthority } = await import('../../src/tls/authority.js');
      const authority = openAuthority({ dir: paths().ca, now: Date.now, random: randomBytes });
      const content = await render(authority, format);
      if (output !== undefined) write(output, content);
      if (asJson) json(await described(authority, output === undefined ? content.toString() : null, output ?? null));
      else if (output === undefined) line(content.toString().trimEnd());
    });
}

async function render(
  { certificatePem }: CertificateAuthority,
  format: ExportOptions['format'],
): Promise<string | Buffer> {
  if (format === 'pem') return certificatePem;
  const { childRoots } = await import('../../src/tls/trust.js');
  const roots = childRoots(certificatePem);
  if (format === 'bundle') return `${roots.join('\n')}\n`;
  const { trustStore } = await import('../../src/tls/trust-store.js');
  return trustStore(roots);
}

function write(file: string, content: string | Buffer): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new Fault(exitCode.failed, `${file} can't be written: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

async function described(authority: CertificateAuthority, pem: string | null, file: string | null) {
  const { X509Certificate } = await import('node:crypto');
  const { subject, fingerprint256 } = new X509Certificate(authority.certificatePem);
  return { subject, fingerprint256, expires: new Date(authority.expires).toISOString(), pem, file };
}
