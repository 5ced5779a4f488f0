/**
 * A PKCS#12 trust store (RFC 7292), which is what Java reads. The certificates are in the clear, under a MAC whose
 * password everybody knows: there is nothing to hide, and the MAC is only there because Java asks for it.
 */
import { createHash, createHmac } from 'node:crypto';
import { type Asn1, bmp, encode, integer, nothing, octets, oid, sequence, set, tagged } from './asn1.js';

/** The password of every trust store: the one that Java's own has. */
export const trustStorePassword = 'changeit';

const data = (bytes: Buffer): Asn1 => sequence(oid('1.2.840.113549.1.7.1'), tagged(0, octets(bytes)));
const attribute = (id: string, value: Asn1): Asn1 => sequence(oid(id), set(value));

const bag = (pem: string, alias: string): Asn1 => {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return sequence(
    oid('1.2.840.113549.1.12.10.1.3'),
    tagged(0, sequence(oid('1.2.840.113549.1.9.22.1'), tagged(0, octets(der)))),
    set(
      attribute('1.2.840.113549.1.9.20', bmp(alias)),
      // Java's own attribute trustedKeyUsage, with anyExtendedKeyUsage: without it, Java sees a certificate, but no trust.
      attribute('2.16.840.1.113894.746875.1.1', oid('2.5.29.37.0')),
    ),
  );
};

/** A trust store of these certificates (PEM, one each). The same certificates always give the same bytes. */
export function trustStore(pems: readonly string[]): Buffer {
  // An alias may not occur twice.
  const bags = encode(sequence(...pems.map((pem, i) => bag(pem, i === 0 ? 'tollfence' : `root-${i}`))));
  const content = encode(sequence(data(bags)));
  // A random salt, against guessing a public password, would only make equal stores look different.
  const salt = createHash('sha256').update(content).digest().subarray(0, 20);
  const iterations = 1_024;
  const mac = createHmac('sha1', macKey(salt, iterations)).update(content).digest();
  // SHA-1, because Java 8 knows no other before 8u301.
  const digest = sequence(sequence(oid('1.3.14.3.2.26'), nothing()), octets(mac));
  return encode(sequence(integer(3), data(content), sequence(digest, octets(salt), integer(iterations))));
}

/** RFC 7292 appendix B.2 with SHA-1: the 20 bytes of a MAC key (ID 3) take one round of it. */
function macKey(salt: Buffer, iterations: number): Buffer {
  const password = Buffer.from(`${trustStorePassword}\0`, 'utf16le').swap16();
  const fill = (bytes: Buffer): Buffer => Buffer.alloc(64 * Math.ceil(bytes.length / 64), bytes);
  let key = createHash('sha1').update(Buffer.alloc(64, 3)).update(fill(salt)).update(fill(password)).digest();
  for (let i = 1; i < iterations; i++) key = createHash('sha1').update(key).digest();
  return key;
}
