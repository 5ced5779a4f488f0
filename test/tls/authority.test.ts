/** The certificate authority: made once, kept safely, and never used when something is wrong with it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { connect, type SecureContext, TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { Fault, Refusal } from '../../src/errors.js';
import { openAuthority } from '../../src/tls/authority.js';
import { day, directory, noon } from './place.js';

const open = (dir: string, now = noon) => openAuthority({ dir, now: () => now, random: randomBytes });
const faulty = (pattern: RegExp) => (error: unknown) =>
  error instanceof Fault && pattern.test(error.message) && error.hint !== '';

test('the root is made once, readable by its owner only, and is the same at every start', t => {
  const dir = join(directory(t), 'ca');
  const first = open(dir).certificatePem;
  assert.equal(open(dir).certificatePem, first);
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(dir), ['root.pem']);
  assert.equal(statSync(join(dir, 'root.pem')).mode & 0o777, 0o600);
});

test('the root is a CA for ten years that is named after its key and signs leaves only', t => {
  const authority = open(join(directory(t), 'ca'));
  const root = new X509Certificate(authority.certificatePem);
  assert.equal(root.ca, true);
  assert.match(root.subject, /^CN=Tollfence CA [0-9a-f]{8} \(this machine\)$/);
  assert.equal(root.issuer, root.subject);
  assert.ok(root.verify(root.publicKey));
  assert.equal(root.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.equal(root.validTo, 'Nov 18 12:00:00 2036 GMT');
  assert.equal(authority.expires, Date.parse(root.validTo));
  assert.doesNotMatch(authority.certificatePem, /PRIVATE/);
});

test('processes that start in the same instant agree on one root', async t => {
  const dir = join(directory(t), 'ca');
  const module = new URL('../../src/tls/authority.js', import.meta.url).href;
  const start = Date.now() + 700;
  const program = `
    import { randomBytes } from 'node:crypto';
    import { openAuthority } from ${JSON.stringify(module)};
    while (Date.now() < ${start});
    process.stdout.write(openAuthority({ dir: ${JSON.stringify(dir)}, now: Date.now, random: randomBytes }).certificatePem);`;
  const roots = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.on('data', chunk => (text += chunk));
      await once(child, 'close');
      return text;
    }),
  );
  assert.match(roots[0]!, /^-----BEGIN CERTIFICATE-----\n/);
  assert.equal(new Set(roots).size, 1);
  assert.deepEqual(readdirSync(dir), ['root.pem']);
});

test('what a crash left half written is neither used nor kept', t => {
  const dir = join(directory(t), 'ca');
  mkdirSync(dir, { mode: 0o700 });
  writeFileSync(join(dir, 'root.pem.0011223344556677'), '-----BEGIN CERTIFICATE-----\nMII', { mode: 0o600 });
  open(dir);
  assert.deepEqual(readdirSync(dir), ['root.pem']);
});

test('a root that can not be used is refused by name, with a way out, and stays as it is', t => {
  const base = directory(t);
  const [dir, other] = [join(base, 'ca'), join(base, 'other')];
  open(dir);
  open(other);
  const file = join(dir, 'root.pem');
  const whole = readFileSync(file, 'utf8');
  const key = (text: string): string => text.slice(text.indexOf('-----BEGIN PRIVATE'));
  const certificate = whole.replace(key(whole), '');
  const wide = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const damage: readonly (readonly [string, RegExp])[] = [
    [
      certificate + key(readFileSync(join(other, 'root.pem'), 'utf8')),
      /root\.pem can't be used: its key does not belong/,
    ],
    [certificate + wide, /not an ECDSA P-256 key/],
    [certificate, /root\.pem can't be read: it holds no certificate with its key/],
    [key(whole), /can't be read/],
    [open(dir).leafFor('a.example').certificatePem + key(whole), /can't be (read|used)/],
    [whole.slice(0, 300), /can't be read/],
    ['', /can't be read/],
  ];
  for (const [text, message] of damage) {
    writeFileSync(file, text);
    assert.throws(() => open(dir), faulty(message), text);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
});

test('a root that others may read, or that is a symbolic link, is refused', t => {
  const base = directory(t);
  const dir = join(base, 'ca');
  open(dir);
  const file = join(dir, 'root.pem');
  chmodSync(file, 0o640);
  assert.throws(() => open(dir), faulty(/others may read it.*chmod 600/));
  chmodSync(file, 0o600);
  renameSync(file, join(base, 'elsewhere.pem'));
  symlinkSync(join(base, 'elsewhere.pem'), file);
  assert.throws(() => open(dir), faulty(/it is a symbolic link/));
});

test('a directory that others may write to, or that is a symbolic link, is refused', t => {
  const base = directory(t);
  const dir = join(base, 'ca');
  open(dir);
  chmodSync(dir, 0o770);
  assert.throws(() => open(dir), faulty(/others may write to it/));
  chmodSync(dir, 0o700);
  symlinkSync(dir, join(base, 'link'));
  assert.throws(() => open(join(base, 'link')), faulty(/symbolic link/));
});

test('a root is refused when it has expired, is about to, or is from the future', t => {
  const dir = join(directory(t), 'ca');
  const { expires } = open(dir);
  open(dir, expires - 2 * day);
  assert.throws(() => open(dir, expires - day), faulty(/about to expire, on Nov 18/));
  assert.throws(() => open(dir, expires), faulty(/expired on Nov 18/));
  assert.throws(() => open(dir, noon - 2 * day), faulty(/the clock of this machine is wrong/));
});

test('a leaf names its host and nothing else, for under 47 days, and is signed by the root', t => {
  const authority = open(join(directory(t), 'ca'));
  const root = new X509Certificate(authority.certificatePem);
  const leaf = authority.leafFor('api.example.com');
  const certificate = new X509Certificate(leaf.certificatePem);
  assert.equal(certificate.subjectAltName, 'DNS:api.example.com');
  assert.equal(certificate.subject, undefined);
  assert.equal(certificate.ca, false);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.ok(certificate.checkIssued(root) && certificate.verify(root.publicKey));
  assert.equal(Date.parse(certificate.validFrom), noon - 3_600_000);
  assert.equal(Date.parse(certificate.validTo), leaf.notAfter);
  assert.ok(leaf.notAfter - leaf.notBefore < 47 * day);
  const again = new X509Certificate(authority.leafFor('api.example.com').certificatePem);
  assert.notEqual(again.serialNumber, certificate.serialNumber);
  assert.ok(again.publicKey.equals(certificate.publicKey));
});

test('no leaf is valid for longer than the root', t => {
  const dir = join(directory(t), 'ca');
  const { expires } = open(dir);
  assert.equal(open(dir, expires - 2 * day).leafFor('a.example').notAfter, expires);
});

test('serial numbers are positive and of full length, whatever the random bits are', t => {
  const base = directory(t);
  for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
    const random = (n: number): Uint8Array => new Uint8Array(n).fill(byte);
    const { leafFor } = openAuthority({ dir: join(base, `ca${byte}`), now: () => noon, random });
    const { serialNumber } = new X509Certificate(leafFor('a.example').certificatePem);
    assert.match(serialNumber, /^[4-7][0-9A-F]{31}$/);
  }
});

test('all spellings of an IP address are the same leaf', t => {
  const { leafFor } = open(join(directory(t), 'ca'));
  const names = (host: string) => new X509Certificate(leafFor(host).certificatePem).subjectAltName;
  assert.equal(names('192.0.2.7'), 'IP Address:192.0.2.7');
  for (const spelling of ['::1', '0:0:0:0:0:0:0:1', '::0001', '0::0.0.0.1']) {
    assert.equal(names(spelling), 'IP Address:0:0:0:0:0:0:0:1');
  }
  assert.equal(names('2001:db8::ffff:192.0.2.7'), 'IP Address:2001:DB8:0:0:0:FFFF:C000:207');
  assert.equal(names('1:2:3:4:5:6:7:8'), 'IP Address:1:2:3:4:5:6:7:8');
  assert.equal(names('::'), 'IP Address:0:0:0:0:0:0:0:0');
});

test('what is no host gets no leaf', t => {
  const { contextFor } = open(join(directory(t), 'ca'));
  const long = `${'a'.repeat(60)}.`.repeat(5);
  for (const host of [
    '',
    '.',
    'a..b',
    'a.example.',
    '.a.example',
    '*.example',
    'A.example',
    'bücher.example',
    'a b.example',
    'a.example\0.b',
    'a\r\nb',
    '-a.example',
    'a-.example',
    `${'a'.repeat(64)}.example`,
    `${long}example`,
    '[::1]',
    'fe80::1%eth0',
    'a.example:443',
    'u@a.example',
  ]) {
    assert.throws(
      () => contextFor(host),
      (e: unknown) => e instanceof Refusal && e.code === 'malformed_request',
      host,
    );
  }
});

test('a host is either refused or named exactly in its leaf', t => {
  const { leafFor } = open(join(directory(t), 'ca'));
  const hosts = fc.oneof(fc.domain(), fc.string(), fc.string({ unit: fc.constantFrom(...'ab-_.*:%[]0 ,\0é') }));
  fc.assert(
    fc.property(hosts, host => {
      try {
        const names = new X509Certificate(leafFor(host).certificatePem).subjectAltName;
        if (!host.includes(':')) assert.match(names!, new RegExp(`^(DNS|IP Address):${host.replaceAll('.', '\\.')}$`));
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test('contexts are cached, the one used longest ago is dropped first, and a leaf near its end is made anew', t => {
  let now = noon;
  const dir = join(directory(t), 'ca');
  const { contextFor } = openAuthority({ dir, now: () => now, random: randomBytes, cache: 2 });
  const [a, b] = [contextFor('a.example'), contextFor('b.example')];
  assert.equal(contextFor('a.example'), a);
  contextFor('c.example');
  assert.equal(contextFor('a.example'), a, 'a was used after b');
  assert.notEqual(contextFor('b.example'), b);

  const kept = contextFor('a.example');
  now += 28 * day;
  assert.equal(contextFor('a.example'), kept);
  now += day;
  const renewed = contextFor('a.example');
  assert.notEqual(renewed, kept);
  now -= 29 * day;
  assert.notEqual(contextFor('a.example'), renewed, 'a clock set back would make the leaf one from the future');
});

test('what is held for a host that was dropped is freed at once, and a handshake that has begun comes to its end', async t => {
  const { contextFor, certificatePem } = openAuthority({
    dir: join(directory(t), 'ca'),
    now: Date.now,
    random: randomBytes,
    cache: 1,
  });
  const held = (context: SecureContext): boolean =>
    (context.context as { getCertificate(): Buffer | null }).getCertificate() !== null;
  const first = contextFor('one.test');
  const [here, there] = pair();
  const server = new TLSSocket(there, { isServer: true, secureContext: first });
  const second = contextFor('two.test');
  await new Promise(setImmediate);
  assert.deepEqual([held(first), held(second)], [false, true]);
  const client = connect({ socket: here, servername: 'one.test', ca: certificatePem });
  client.end('hello');
  assert.equal(String((await once(server, 'data'))[0]), 'hello');
  server.destroy();
});

/** Two ends of one connection. */
function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const end = (other: number): Duplex =>
    new Duplex({
      read() {},
      write(chunk, _, done) {
        ends[other]!.push(chunk);
        done();
      },
    });
  ends.push(end(1), end(0));
  return [ends[0]!, ends[1]!];
}
