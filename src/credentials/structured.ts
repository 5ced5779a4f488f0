/**
 * Structured secrets: JSON objects, whose members depend on the scheme (interface §1). What is sent is never the object: a
 * signature is made with it (`sigv4`), or it is exchanged for a token or a value that lives shortly (all others).
 */

import { rsaKey } from './exchange/jwt.js';

interface Shape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Members that are secret by themselves, and must not be in any answer. */
  readonly secret: readonly string[];
}

const shapes = {
  sigv4: {
    required: ['access_key_id', 'secret_access_key'],
    optional: ['session_token'],
    secret: ['secret_access_key', 'session_token'],
  },
  oauth2: {
    required: ['client_id', 'token_url'],
    optional: ['client_secret', 'client_auth', 'refresh_token', 'scopes', 'audience'],
    secret: ['client_secret', 'refresh_token'],
  },
  'github-app': {
    required: ['app_id', 'installation_id', 'private_key'],
    optional: ['api_url'],
    secret: ['private_key'],
  },
  // A service account's file, as Google gives it, with what of it is used.
  google: {
    required: ['client_email', 'private_key'],
    optional: [
      ...['type', 'project_id', 'private_key_id', 'client_id', 'auth_uri', 'token_uri', 'universe_domain'],
      ...['auth_provider_x509_cert_url', 'client_x509_cert_url', 'scopes', 'subject'],
    ],
    secret: ['private_key'],
  },
  registry: { required: ['username', 'password'], optional: ['token_url', 'service'], secret: ['password'] },
  vault: {
    required: ['address', 'role_id', 'secret_id', 'path', 'field'],
    optional: ['mount', 'namespace', 'auth_mount'],
    secret: ['secret_id'],
  },
} as const satisfies { readonly [scheme: string]: Shape };

/** Members that people have as numbers, too, and those that may be lists. */
const numbers: readonly string[] = ['app_id', 'installation_id'];
const lists: readonly string[] = ['scopes', 'audience'];

/** Members that say where a secret goes. */
const addresses: readonly string[] = ['token_url', 'token_uri', 'api_url', 'address'];

/** Only over HTTPS, and with nothing in the URL that would be a second secret. */
function isAddress(member: unknown): boolean {
  if (typeof member !== 'string' || !URL.canParse(member)) return false;
  const { protocol, username, password, hash } = new URL(member);
  return protocol === 'https:' && username + password + hash === '';
}

/** Schemes whose secret is a JSON object. */
export type StructuredScheme = Exclude<keyof typeof shapes, 'vault'>;

export type Members = { readonly [member: string]: string | readonly string[] };

const shapeOf = (scheme: string): Shape | null => {
  const kind = scheme.startsWith('vault:') ? 'vault' : scheme;
  return Object.hasOwn(shapes, kind) ? shapes[kind as keyof typeof shapes] : null;
};

/** Whether this scheme's secret is a JSON object. */
export const isStructured = (scheme: string): boolean => shapeOf(scheme) !== null;

/** Reads the members of a structured secret; a clause that says what is wrong, and quotes no value, if it isn't one. */
export function readMembers(scheme: string, value: Uint8Array): Members | string {
  const shape = shapeOf(scheme);
  if (shape === null) return `${scheme} takes no object`;
  let object: unknown;
  try {
    object = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch {
    return `the value is not JSON, and ${scheme} takes an object with ${shape.required.join(', ')}`;
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return 'the value is not a JSON object';
  const members = Object.fromEntries(Object.entries(object).map(([name, member]) => [name, plain(name, member)]));
  const missing = shape.required.filter(name => typeof members[name] !== 'string' || members[name] === '');
  if (missing.length > 0) return `the object has no ${missing.join(', no ')}, as text`;
  for (const [name, member] of Object.entries(members)) {
    if (!shape.required.includes(name) && !shape.optional.includes(name))
      return `the object has a member ${JSON.stringify(name.slice(0, 40))}, which ${scheme} does not know`;
    const fault = faultOf(name, member);
    if (fault !== null) return `the member ${name} ${fault}`;
  }
  if (scheme === 'oauth2' && !members.refresh_token && !members.client_secret)
    return 'the object has neither a refresh_token nor a client_secret';
  return members as Members;
}

/** A member as we use it, of what people and files have. */
function plain(name: string, member: unknown): unknown {
  if (numbers.includes(name) && Number.isSafeInteger(member)) return String(member);
  // As a variable of an environment holds it.
  if (name === 'private_key' && typeof member === 'string') return member.replaceAll('\\n', '\n');
  return member;
}

/** What is wrong with a member, as the end of a sentence; null if nothing is. */
function faultOf(name: string, member: unknown): string | null {
  if (lists.includes(name)) {
    const texts = Array.isArray(member) ? (member as unknown[]) : [member];
    return texts.every(text => typeof text === 'string') ? null : 'is neither text nor a list of texts';
  }
  if (addresses.includes(name) && !isAddress(member)) return 'is not an https URL';
  if (typeof member !== 'string') return 'is not text';
  if (member === '…') return 'is the … that stands for it in an example';
  if (name === 'access_key_id' && !/^[\w.+=@-]+$/.test(member)) return 'is no such id';
  if (name === 'private_key')
    return rsaKey(member) === null ? 'is not an RSA key of 2048 bits or more in PEM, without a passphrase' : null;
  if (/[\u0000-\u001f\u007f]/.test(member)) return 'holds a line break or NUL (was it pasted with a newline?)';
  if (name === 'installation_id' && !/^\d{1,20}$/.test(member)) return 'is not a number';
  if (name === 'client_auth' && !/^(basic|post)$/.test(member)) return 'is neither basic nor post';
  // RFC 7617 §2: what follows a colon is the password.
  return name === 'username' && member.includes(':') ? 'holds a colon' : null;
}

/** The parts of a structured secret that are secret by themselves. Copies: whoever asks for them zeroes them. */
export function secretMembers(scheme: string, value: Uint8Array): Buffer[] {
  const members = readMembers(scheme, value);
  if (typeof members === 'string') return [];
  return (shapeOf(scheme)?.secret ?? []).flatMap(name => {
    const member = members[name];
    return typeof member === 'string' && member !== '' ? [Buffer.from(member)] : [];
  });
}
