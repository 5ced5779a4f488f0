/**
 * A PKCS#12 trust store (RFC 7292), which is what Java reads. The certificates are in the clear, under a MAC whose
 * password everybody knows: there is nothing to hide, and the MAC is only there because Java asks for it.
 */
import { createHash, createHmac } from 'node:crypto';
import forge from 'node-forge';

const { asn1 } = forge;
type Asn1 = forge.asn1.Asn1;

/** The password of every trust store: the one that Java's own has. */
export const trustStorePassword = 'changeit';

const sequence = (...value: Asn1[]): Asn1 => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, value);
const set = (...value: Asn1[]): Asn1 => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, value);
const oid = (id: string): Asn1 => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(id).getBytes());
const octets = (bytes: string): Asn1 => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, bytes);
const integer = (n: number): Asn1 =>
  asn1.create(asn1.Class.UNIVERSAL, asn1.Type.INTEGER, false, asn1.integerToDer(n).getBytes());
const explicit = (value: Asn1): Asn1 => asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, true, [value]);
const encode = (value: Asn1): string => asn1.toDer(value).getBytes();
const data = (bytes: string): Asn1 => sequence(oid('1.2.840.113549.1.7.1'), explicit(octets(bytes)));

const attribute = (id: string, value: Asn1): Asn1 => sequence(oid(id), set(value));

// Java takes a certificate without a key for a trusted root only with its own attribute, trustedKeyUsage, here with
// anyExtendedKeyUsage (JDK-8006591). An alias may not occur twice.
const bag = (pem: string, alias: string): Asn1 => {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64').toString('latin1');
  return sequence(
    oid('1.2.840.113549.1.12.10.1.3'),
    explicit(sequence(oid('1.2.840.113549.1.9.22.1'), explicit(octets(der)))),
    set(
      attribute('1.2.840.113549.1.9.20', asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BMPSTRING, false, alias)),
      attribute('2.16.840.1.113894.746875.1.1', oid('2.5.29.37.0')),
    ),
  );
};

/** A trust store of these certificates (PEM, one each). The same certificates always give the same bytes. */
export function trustStore(pems: readonly string[]): Buffer {
  const bags = encode(sequence(...pems.map((pem, i) => bag(pem, i === 0 ? 'tollfence' : `root-${i}`))));
  const content = encode(sequence(data(bags)));
  // A salt against guessing a public password would only make equal stores look different.
  const salt = createHash('sha256').update(content, 'latin1').digest().subarray(0, 20);
  // SHA-1, because Java 8 knows no other before 8u301.
  const iterations = 1_024;
  const password = Buffer.from(`${trustStorePassword}\0`, 'utf16le').swap16();
  const key = macKey(password, salt, iterations);
  const mac = createHmac('sha1', key).update(content, 'latin1').digest();
  const algorithm = sequence(oid('1.3.14.3.2.26'), asn1.create(asn1.Class.UNIVERSAL, asn1.Type.NULL, false, ''));
  const macData = sequence(
    sequence(algorithm, octets(mac.toString('latin1'))),
    octets(salt.toString('latin1')),
    integer(iterations),
  );
  return Buffer.from(encode(sequence(integer(3), data(content), macData)), 'latin1');
}

/** RFC 7292 appendix B.2 with SHA-1, for the 20 bytes of a MAC key (ID 3), which is one round of it. */
function macKey(password: Buffer, salt: Buffer, iterations: number): Buffer {
  const fill = (bytes: Buffer): Buffer => Buffer.alloc(64 * Math.ceil(bytes.length / 64), bytes);
  let key = createHash('sha1').update(Buffer.alloc(64, 3)).update(fill(salt)).update(fill(password)).digest();
  for (let i = 1; i < iterations; i++) key = createHash('sha1').update(key).digest();
  return key;
}
