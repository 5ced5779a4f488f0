/** ASN.1 in DER (X.690), for what this room writes: certificates and trust stores. node-forge does the encoding. */
import forge from 'node-forge';

const { asn1 } = forge;

/** A value that can be encoded. Strings in it are binary: one character is one byte. */
export type Asn1 = forge.asn1.Asn1;

const universal = (type: forge.asn1.Type, value: string | Asn1[]): Asn1 =>
  asn1.create(asn1.Class.UNIVERSAL, type, Array.isArray(value), value);

export const sequence = (...value: Asn1[]): Asn1 => universal(asn1.Type.SEQUENCE, value);
export const set = (...value: Asn1[]): Asn1 => universal(asn1.Type.SET, value);
export const oid = (id: string): Asn1 => universal(asn1.Type.OID, asn1.oidToDer(id).getBytes());
export const octets = (bytes: Uint8Array): Asn1 => universal(asn1.Type.OCTETSTRING, binary(bytes));
/** `unused` is how many bits of the last byte don't count. */
export const bits = (bytes: Uint8Array, unused = 0): Asn1 =>
  universal(asn1.Type.BITSTRING, binary(Uint8Array.of(unused, ...bytes)));
/** A number, or the bytes of one in two's complement. */
export const integer = (value: number | Uint8Array): Asn1 =>
  universal(asn1.Type.INTEGER, typeof value === 'number' ? asn1.integerToDer(value).getBytes() : binary(value));
export const truth = (): Asn1 => universal(asn1.Type.BOOLEAN, '\u00ff');
export const nothing = (): Asn1 => universal(asn1.Type.NULL, '');
export const utf8 = (text: string): Asn1 => universal(asn1.Type.UTF8, binary(Buffer.from(text)));
export const bmp = (text: string): Asn1 => universal(asn1.Type.BMPSTRING, text);

/** Context-specific tag around values, or in place of the type of one value. */
export const tagged = (tag: number, value: Asn1 | Uint8Array): Asn1 => {
  const constructed = !(value instanceof Uint8Array);
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, constructed, constructed ? [value] : binary(value));
};

/** RFC 5280 §4.1.2.5: UTCTime has two digits for the year, so it ends with 2049. */
export const time = (date: Date): Asn1 =>
  date.getUTCFullYear() < 2050
    ? universal(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : universal(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));

/** The bytes of a value. */
export const encode = (value: Asn1): Buffer => Buffer.from(asn1.toDer(value).getBytes(), 'latin1');

/** The value of bytes that we have made ourselves. */
export const decode = (der: Uint8Array): Asn1 =>
  // Otherwise forge looks for values within bit strings; its types don't know the option.
  asn1.fromDer(binary(der), { decodeBitStrings: false } as never);

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
