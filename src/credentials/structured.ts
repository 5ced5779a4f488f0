/**
 * Structured secrets: JSON objects, whose members depend on the scheme (interface §1). What is sent is never the object: a
 * signature is made with it (`sigv4`), or it is exchanged for a token or a value that lives shortly (all others).
 */

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
  const members = object as { readonly [member: string]: unknown };
  const missing = shape.required.filter(name => typeof members[name] !== 'string' || members[name] === '');
  if (missing.length > 0) return `the object has no ${missing.join(', no ')}, as text`;
  for (const [name, member] of Object.entries(members)) {
    if (!shape.required.includes(name) && !shape.optional.includes(name))
      return `the object has a member ${JSON.stringify(name.slice(0, 40))}, which ${scheme} does not know`;
    const texts = Array.isArray(member) ? member : [member];
    if (!texts.every(text => typeof text === 'string')) return `the member ${name} is neither text nor a list of texts`;
    if (addresses.includes(name) && !isAddress(member)) return `the member ${name} is not an https URL`;
  }
  return members as Members;
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
