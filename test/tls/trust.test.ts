/** Whom Tollfence trusts upstream, and what child processes are given to trust. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { Fault } from '../../src/errors.js';
import { childRoots, upstreamTrust } from '../../src/tls/trust.js';
import { trustStore } from '../../src/tls/trust-store.js';
import { authorityIn, directory } from './place.js';

const bare = (pem: string): string => pem.replace(/\s/g, '');

test('upstreams may have roots of Node, of the system and of extra files, none of them twice', t => {
  const { certificatePem } = authorityIn(t);
  const file = join(directory(t), 'extra.pem');
  const crlf = certificatePem.replaceAll('\n', '\r\n');
  writeFileSync(file, `# ours\n${certificatePem}\n${crlf}${rootCertificates[0]}`);
  const { roots } = upstreamTrust({ extraFiles: [file] });
  const distinct = new Set(roots.map(bare));
  assert.equal(distinct.size, roots.length);
  assert.ok(distinct.has(bare(certificatePem)));
  for (const root of rootCertificates) assert.ok(distinct.has(bare(root)));
  assert.ok(
    !new Set(upstreamTrust().roots.map(bare)).has(bare(certificatePem)),
    'our own root is not one for upstreams',
  );
});

test('the context for upstreams is made once', () => {
  const trust = upstreamTrust();
  assert.equal(trust.context(), trust.context());
});

test('all faults of extra files are told at once, by name', t => {
  const dir = directory(t);
  const [empty, damaged, missing] = ['empty.pem', 'damaged.pem', 'missing.pem'].map(name => join(dir, name));
  writeFileSync(empty!, 'nothing');
  writeFileSync(
    damaged!,
    `${authorityIn(t).certificatePem}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`,
  );
  assert.throws(
    () => upstreamTrust({ extraFiles: [empty!, damaged!, missing!] }),
    (error: unknown) =>
      error instanceof Fault &&
      /empty\.pem holds no certificate.*certificate 2 of .*damaged\.pem is damaged.*missing\.pem can't be read \(ENOENT\)/.test(
        error.message,
      ),
  );
});

test('child processes trust our root first, and public ones besides', t => {
  const { certificatePem } = authorityIn(t);
  const roots = childRoots(certificatePem);
  assert.equal(bare(roots[0]!), bare(certificatePem));
  assert.ok(roots.length > 50);
  for (const root of roots) assert.ok(new X509Certificate(root).ca);
});

test('the same roots give the same trust store', t => {
  const roots = childRoots(authorityIn(t).certificatePem);
  assert.ok(trustStore(roots).equals(trustStore(roots)));
  assert.ok(!trustStore(roots).equals(trustStore(roots.slice(1))));
});
