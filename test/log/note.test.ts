/** Signed notes and checkpoints, checked against the example of the format's first implementation. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { openCheckpoint, signCheckpoint } from '../../src/log/checkpoint.js';
import { parsePublicKey } from '../../src/log/key.js';
import { publicKeyFromRaw, rawPublicKey, signNote, Verifier } from '../../src/log/note.js';
import { emptyRoot } from '../../src/log/tree.js';

// Verifier key and note from the documentation of golang.org/x/mod/sumdb/note.
const neumann = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const note = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const verifier = new Verifier('tollfence.local/01TEST', rawPublicKey(publicKey));

test('a note signed by the Go implementation verifies with its key, and only as it is', () => {
  const peter = Verifier.parse(neumann);
  assert.equal(peter.toString(), neumann);
  assert.equal(peter.open(note), text);
  assert.throws(() => peter.open(note.replace('answer', 'Answer')), /signature is wrong/);
  assert.throws(() => verifier.open(note), /no signature by/);
  assert.throws(() => peter.open(note.slice(0, -1)), /not a signed note/);
  assert.throws(() => Verifier.parse(neumann.replace('c74f20a3', 'c74f20a4')), /does not belong/);
});

test('a note with further signatures, as witnesses add them, still verifies', () => {
  const cosigned = signNote(text, verifier, privateKey) + note.slice(text.length + 1);
  assert.equal(verifier.open(cosigned), text);
  assert.equal(Verifier.parse(neumann).open(cosigned), text);
});

test('a checkpoint says origin, size and root, and one of another log or with odd numbers is refused', () => {
  const checkpoint = signCheckpoint(1042, emptyRoot, verifier, privateKey);
  assert.match(
    checkpoint.text,
    /^tollfence\.local\/01TEST\n1042\n47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— tollfence\.local\/01TEST /,
  );
  assert.deepEqual(openCheckpoint(checkpoint.text, verifier), checkpoint);
  const sign = (body: string): string => signNote(body, verifier, privateKey);
  const root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
  assert.throws(() => openCheckpoint(sign(`elsewhere/log\n1\n${root}\n`), verifier), /another log/);
  for (const body of [`01\n${root}`, `-1\n${root}`, `1e3\n${root}`, '1\nabc=', `1\n${root.slice(0, -1)}`]) {
    assert.throws(() => openCheckpoint(sign(`${verifier.name}\n${body}\n`), verifier), /not a checkpoint/);
  }
});

test('a public key of small order, which accepts forged signatures, is refused in every form', () => {
  const points = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ];
  for (const point of points) {
    assert.throws(() => publicKeyFromRaw(Buffer.from(point, 'hex')), /small order/);
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(point, 'hex')]).toString(
      'base64',
    );
    assert.throws(
      () => parsePublicKey(`-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`),
      /small order/,
    );
  }
  assert.deepEqual(parsePublicKey(publicKey.export({ format: 'pem', type: 'spki' }) as string).raw, verifier.raw);
});
