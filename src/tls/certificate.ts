/**
 * X.509 certificates (RFC 5280) as bytes: node-forge builds the ASN.1, node:crypto signs it with ECDSA P-256 and
 * SHA-256 (RFC 5758 §3.2). Nothing here verifies: that is done by OpenSSL, through node:crypto and node:tls.
 */
import { createHash, type KeyObject, sign } from 'node:crypto';
import forge from 'node-forge';

const { asn1 } = forge;
type Asn1 = forge.asn1.Asn1;

const universal = (type: forge.asn1.Type, value: string | Asn1[]): Asn1 =>
  asn1.create(asn1.Class.UNIVERSAL, type, Array.isArray(value), value);
const tagged = (tag: number, value: string | Asn1[]): Asn1 =>
  asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, Array.isArray(value), value);

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const encode = (value: Asn1): string => asn1.toDer(value).getBytes();

const sequence = (...value: Asn1[]): Asn1 => universal(asn1.Type.SEQUENCE, value);
const oid = (id: string): Asn1 => universal(asn1.Type.OID, asn1.oidToDer(id).getBytes());
const octets = (value: string): Asn1 => universal(asn1.Type.OCTETSTRING, value);
const ecdsaWithSha256 = (): Asn1 => sequence(oid('1.2.840.10045.4.3.2'));

/** One extension (RFC 5280 §4.2), built by the functions below. */
export type Extension = Asn1;

const extension = (id: string, critical: boolean, value: Asn1): Extension =>
  sequence(oid(id), ...(critical ? [universal(asn1.Type.BOOLEAN, '\u00ff')] : []), octets(encode(value)));

/** basicConstraints of a CA that may sign leaves only, or of a leaf. Critical. */
export const basicConstraints = (ca: boolean): Extension =>
  extension(
    '2.5.29.19',
    true,
    ca ? sequence(universal(asn1.Type.BOOLEAN, '\u00ff'), universal(asn1.Type.INTEGER, '\u0000')) : sequence(),
  );

/** keyUsage: `keyCertSign` and `cRLSign`, or `digitalSignature`. Critical. */
export const keyUsage = (use: 'certificates' | 'signature'): Extension =>
  extension(
    '2.5.29.15',
    true,
    universal(asn1.Type.BITSTRING, use === 'certificates' ? '\u0001\u0006' : '\u0007\u0080'),
  );

/** extendedKeyUsage: TLS servers. */
export const serverAuthentication = (): Extension => extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1')));

/** subjectKeyIdentifier of a public key. */
export const subjectKey = (key: KeyObject): Extension =>
  extension('2.5.29.14', false, octets(binary(keyIdentifier(key))));

/** authorityKeyIdentifier: the public key of the issuer. */
export const authorityKey = (key: KeyObject): Extension =>
  extension('2.5.29.35', false, sequence(tagged(0, binary(keyIdentifier(key)))));

/** subjectAltName with one name. Critical, as it must be when the subject is empty (RFC 5280 §4.2.1.6). */
export const subjectName = (name: { readonly dns: string } | { readonly ip: Uint8Array }): Extension =>
  extension('2.5.29.17', true, sequence('dns' in name ? tagged(2, name.dns) : tagged(7, binary(name.ip))));

/** Identifier of a public key: 160 bits of the SHA-256 of its point (RFC 7093 §2, method 1). */
export function keyIdentifier(key: KeyObject): Buffer {
  const spki = asn1.fromDer(binary(key.export({ type: 'spki', format: 'der' })), { decodeBitStrings: false } as never);
  const point = (spki.value as Asn1[])[1]!.value as string;
  return createHash('sha256').update(Buffer.from(point, 'latin1').subarray(1)).digest().subarray(0, 20);
}

/** What a certificate says. Names are a common name, or null for the empty name. */
export interface Certificate {
  readonly subject: string | null;
  readonly issuer: string;
  readonly key: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Extension[];
}

/** Signs `certificate` with the issuer's private key. `random` gives the serial number. Returns PEM. */
export function issue(certificate: Certificate, signer: KeyObject, random: (bytes: number) => Uint8Array): string {
  const spki = certificate.key.export({ type: 'spki', format: 'der' });
  const body = sequence(
    tagged(0, [universal(asn1.Type.INTEGER, '\u0002')]),
    universal(asn1.Type.INTEGER, binary(serial(random(16)))),
    ecdsaWithSha256(),
    name(certificate.issuer),
    sequence(time(certificate.notBefore), time(certificate.notAfter)),
    name(certificate.subject),
    asn1.fromDer(binary(spki), { decodeBitStrings: false } as never),
    tagged(3, [sequence(...certificate.extensions)]),
  );
  const signature = sign('sha256', Buffer.from(encode(body), 'latin1'), signer);
  const whole = sequence(body, ecdsaWithSha256(), universal(asn1.Type.BITSTRING, `\u0000${binary(signature)}`));
  return toPem(Buffer.from(encode(whole), 'latin1'));
}

/** DER as a PEM block (RFC 7468). */
export const toPem = (der: Uint8Array): string => {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
};

function name(common: string | null): Asn1 {
  if (common === null) return sequence();
  const text = universal(asn1.Type.UTF8, forge.util.encodeUtf8(common));
  return sequence(universal(asn1.Type.SET, [sequence(oid('2.5.4.3'), text)]));
}

// RFC 5280 §4.1.2.5: UTCTime has two digits for the year, so it ends with 2049.
const time = (date: Date): Asn1 =>
  date.getUTCFullYear() < 2050
    ? universal(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : universal(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));

// Positive and of full length in its shortest encoding, whatever the random bits are.
const serial = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i ? byte : (byte & 0x3f) | 0x40));
