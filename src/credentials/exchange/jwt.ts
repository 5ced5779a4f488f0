/** JSON Web Tokens (RFC 7519) signed with RS256 (RFC 7518 §3.3): what proves to a server that we have a private key. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { NoToken } from './kind.js';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs the claims. Throws `NoToken` if the key can't. */
export function signedJwt(claims: object, privateKey: string, header: object = {}): string {
  const text = `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part(claims)}`;
  const key = rsaKey(privateKey);
  if (key === null)
    throw new NoToken('its private_key is not an RSA key of 2048 bits or more in PEM, without a passphrase');
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}

/** The RSA key in a PEM; null if there is none, or a shorter one than RFC 7518 allows. */
export function rsaKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 ? key : null;
  } catch {
    // What OpenSSL says of it may quote it.
    return null;
  }
}
