/**
 * X.509 certificates (RFC 5280) as bytes, signed by node:crypto with ECDSA P-256 and SHA-256 (RFC 5758 §3.2). Nothing
 * here verifies: that is done by OpenSSL, through node:crypto and node:tls.
 */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  type Asn1,
  bits,
  decode,
  encode,
  integer,
  octets,
  oid,
  sequence,
  set,
  tagged,
  time,
  truth,
  utf8,
} from './asn1.js';

const ecdsaWithSha256 = (): Asn1 => sequence(oid('1.2.840.10045.4.3.2'));

/** One extension (RFC 5280 §4.2), built by the functions below. */
export type Extension = Asn1;

const extension = (id: string, critical: boolean, value: Asn1): Extension =>
  sequence(oid(id), ...(critical ? [truth()] : []), octets(encode(value)));

/** basicConstraints of a CA that may sign leaves only, or of a leaf. Critical. */
export const basicConstraints = (ca: boolean): Extension =>
  extension('2.5.29.19', true, ca ? sequence(truth(), integer(0)) : sequence());

/** keyUsage: `keyCertSign` and `cRLSign`, or `digitalSignature`. Critical. */
export const keyUsage = (use: 'certificates' | 'signature'): Extension =>
  extension('2.5.29.15', true, use === 'certificates' ? bits(Uint8Array.of(0x06), 1) : bits(Uint8Array.of(0x80), 7));

/** extendedKeyUsage: TLS servers. */
export const serverAuthentication = (): Extension => extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1')));

/** subjectKeyIdentifier of a public key. */
export const subjectKey = (key: PublicKey): Extension => extension('2.5.29.14', false, octets(key.identifier));

/** authorityKeyIdentifier: the public key of the issuer. */
export const authorityKey = (key: PublicKey): Extension =>
  extension('2.5.29.35', false, sequence(tagged(0, key.identifier)));

/** subjectAltName with one name. Critical, as it must be when the subject is empty (RFC 5280 §4.2.1.6). */
export const subjectName = (name: { readonly dns: string } | { readonly ip: Uint8Array }): Extension =>
  extension('2.5.29.17', true, sequence('dns' in name ? tagged(2, Buffer.from(name.dns)) : tagged(7, name.ip)));

/** A P-256 public key as certificates have it. */
export interface PublicKey {
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Buffer;
  /** 160 bits of the SHA-256 of its point (RFC 7093 §2, method 1). */
  readonly identifier: Buffer;
}

/** The public part of a P-256 key. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  // It ends with the uncompressed point, which is 65 bytes.
  return { spki, identifier: createHash('sha256').update(spki.subarray(-65)).digest().subarray(0, 20) };
}

/** What a certificate says. Names are a common name, or null for the empty name. */
export interface Certificate {
  readonly subject: string | null;
  readonly issuer: string;
  readonly key: PublicKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Extension[];
}

/** Signs `certificate` with the issuer's private key. `random` gives the serial number. Returns PEM. */
export function issue(certificate: Certificate, signer: KeyObject, random: (bytes: number) => Uint8Array): string {
  const body = sequence(
    tagged(0, integer(2)),
    integer(serial(random(16))),
    ecdsaWithSha256(),
    name(certificate.issuer),
    sequence(time(certificate.notBefore), time(certificate.notAfter)),
    name(certificate.subject),
    decode(certificate.key.spki),
    tagged(3, sequence(...certificate.extensions)),
  );
  const signature = sign('sha256', encode(body), signer);
  return toPem(encode(sequence(body, ecdsaWithSha256(), bits(signature))));
}

const toPem = (der: Buffer): string => {
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
};

const name = (common: string | null): Asn1 =>
  common === null ? sequence() : sequence(set(sequence(oid('2.5.4.3'), utf8(common))));

// Positive and of full length in its shortest encoding, whatever the random bits are.
const serial = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i ? byte : (byte & 0x3f) | 0x40));
