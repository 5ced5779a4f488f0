/** JSON Web Tokens (RFC 7519) signed with RS256 (RFC 7518 §3.3): what proves to a server that we have a private key. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { NoToken } from './kind.js';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs the claims. Throws `NoToken` if the key is not an RSA key in PEM. */
export function signedJwt(claims: object, privateKey: string, header: object = {}): string {
  const text = `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part(claims)}`;
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), keyOf(privateKey)).toString('base64url')}`;
}

function keyOf(pem: string): KeyObject {
  let key: KeyObject | null = null;
  try {
    key = createPrivateKey(pem);
  } catch {
    // What OpenSSL says of it may quote it.
  }
  if (key?.asymmetricKeyType === 'rsa') return key;
  throw new NoToken('its private_key is not an RSA key in PEM, without a passphrase');
}
