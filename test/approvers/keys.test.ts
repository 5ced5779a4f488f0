/** Keys of approvers: what is read, what is refused, and that others can read what we write. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { encryptKey } from '../../src/approvers/index.js';
import { disagreement, isSignedBy, keyId, parseApproverKey, signStatement } from '../../src/log/index.js';
import { runProgram } from '../world.js';

const fresh = (): string => mkdtempSync(join(tmpdir(), 'tf-approver-'));

/** RFC 8032 §7.1, test 2: a public key, as OpenSSH and as PEM spell it, and a signature of the byte 0x72. */
const raw = Buffer.from('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', 'hex');
const ssh = (name: string, bytes: Uint8Array): string => {
  const length = (n: number): Buffer => Buffer.from([0, 0, 0, n]);
  return Buffer.concat([length(name.length), Buffer.from(name), length(bytes.length), bytes]).toString('base64');
};
const spki = (bytes: Uint8Array): string =>
  `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes]).toString('base64')}\n-----END PUBLIC KEY-----\n`;

test('a public key is the same in PEM and in a line of OpenSSH', () => {
  const one = parseApproverKey(spki(raw));
  const other = parseApproverKey(`ssh-ed25519 ${ssh('ssh-ed25519', raw)} bob@laptop\n`);
  assert.ok(one.equals(other));
  assert.equal(keyId(one), keyId(other));
});

test('keys that are no Ed25519 keys, and points of small order, are refused', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  const x25519 = generateKeyPairSync('x25519').publicKey;
  const smallOrder = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ].map(hex => Buffer.from(hex, 'hex'));
  const bad = [
    '',
    'alice',
    rsa.export({ type: 'spki', format: 'pem' }) as string,
    x25519.export({ type: 'spki', format: 'pem' }) as string,
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    `ssh-ed25519 ${ssh('ssh-rsa', raw)}`,
    `ssh-ed25519 ${ssh('ssh-ed25519', raw.subarray(1))}`,
    `ssh-ed25519 ${ssh('ssh-ed25519', Buffer.concat([raw, raw]))}`,
    `ssh-rsa ${ssh('ssh-ed25519', raw)}`,
    ...smallOrder.flatMap(bytes => [spki(bytes), `ssh-ed25519 ${ssh('ssh-ed25519', bytes)}`]),
  ];
  for (const text of bad) assert.throws(() => parseApproverKey(text), TypeError, text.slice(0, 40));
});

test('a private key under a passphrase is opened by it alone, here and by OpenSSL', async context => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = encryptKey(privateKey, 'correct horse');
  assert.ok(createPrivateKey({ key: pem, passphrase: 'correct horse' }).equals(privateKey));
  assert.throws(() => createPrivateKey({ key: pem, passphrase: 'correct horsf' }));
  assert.notEqual(encryptKey(privateKey, 'correct horse'), pem);
  const dir = fresh();
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'key');
  writeFileSync(file, pem, { mode: 0o600 });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const opened = await runProgram('openssl', ['pkey', '-in', file, '-passin', 'pass:correct horse', '-pubout']);
  assert.equal(opened.stdout, createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }));
  const shown = await runProgram('openssl', ['asn1parse', '-in', file]);
  assert.match(shown.stdout, /INTEGER +:0927C0\n[\s\S]*hmacWithSHA256[\s\S]*aes-256-cbc/);
});

test('a statement is signed for one answer of one approver, and for no other', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const text = fc.string({ maxLength: 30 });
  const answer = fc.record({
    approval: text,
    binding: text,
    verdict: fc.constantFrom('granted' as const, 'refused' as const),
    scope: fc.constantFrom({}, { count: 2 }, { for_ms: 60_000 }, { run: true }, { count: 2, run: true }),
    approver: text,
  });
  const now = Date.now();
  const at = new Date(now).toISOString();
  fc.assert(
    fc.property(answer, answer, (one, other) => {
      const signed = signStatement({ v: 1, ...one, at }, privateKey, publicKey);
      assert.ok(isSignedBy(signed, publicKey));
      assert.equal(disagreement(signed.statement, one, now), null);
      const same = JSON.stringify(one) === JSON.stringify(other);
      assert.equal(disagreement(signed.statement, other, now) === null, same);
    }),
  );
});

test('a signature that another tool made with the same key is as good', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const statement = '{"approval":"apr_1","v":1}';
  const signature = sign(null, Buffer.from(statement), privateKey);
  assert.ok(isSignedBy({ statement, signature: signature.toString('base64url') }, publicKey));
  // With S + L, which a lax verifier takes for the same signature (RFC 8032 §8.4).
  const l = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + l;
  const other = Buffer.concat([
    signature.subarray(0, 32),
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(),
  ]);
  assert.ok(!isSignedBy({ statement, signature: other.toString('base64url') }, publicKey));
});
