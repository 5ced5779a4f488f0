/**
 * Registry: user and password for a token that is good for one repository. Sources: distribution's "Token Authentication
 * Specification" and "Token Scope Documentation"; OCI Distribution Specification 1.1.
 */
import { type Challenge, challengesIn } from './challenge.js';
import {
  basic,
  type Call,
  documentOf,
  type Gained,
  type Kind,
  type Meanings,
  NoToken,
  secondsIn,
  type Target,
  textOf,
  tokenIn,
} from './kind.js';

const repository =
  /^\/v2\/(.+)\/(?:manifests\/[^/]+|blobs\/[^/]+|blobs\/uploads\/?|blobs\/uploads\/[^/]+|tags\/list|referrers\/[^/]+)$/;

const repositoryName = /^[a-z0-9._/-]+$/;

/** The scopes that a request needs, separated by spaces; empty if it is about nothing that a token is good for. */
export function registryScope({ method, path, query }: Target): string {
  if (path === '/v2/_catalog') return 'registry:catalog:*';
  const [, name = ''] = repository.exec(path) ?? [];
  // What is no name could say more in a scope than the path does.
  if (!repositoryName.test(name)) return '';
  const reads = method === 'GET' || method === 'HEAD';
  const actions = reads ? 'pull' : method === 'DELETE' ? 'delete' : 'pull,push';
  const from = new URLSearchParams(query).get('from');
  const other = reads || from === null || from === name || !repositoryName.test(from) ? '' : ` repository:${from}:pull`;
  return `repository:${name}:${actions}${other}`;
}

/** Where the registry calls the repository by another name than the path, that one is meant. */
function scopeIn({ parameters }: Challenge, derived: string): string {
  const [, name] = /^repository:([a-z0-9._/-]+):[^:\s]+$/.exec(parameters.scope ?? '') ?? [];
  return name === undefined ? derived : derived.replace(/^repository:[^\s]+(?=:)/, () => `repository:${name}`);
}

const meanings: Meanings = {
  401: ['does not accept username and password', 'Store the right ones with `tf secret rotate`.'],
  403: ['does not let this user do so'],
};

/** A registry may send us to its own token server, but not with a password to just anybody. */
function trusted(realm: string, { host }: Target): boolean {
  if (!URL.canParse(realm)) return false;
  const { protocol, hostname, username, password } = new URL(realm);
  const parent = host.split('.').slice(1).join('.');
  // Numbers are an address, which has no relatives.
  const family = parent.includes('.') && /[a-z][a-z0-9-]*$/.test(parent);
  const own = host.includes(':') ? `[${host}]` : host;
  const near = hostname === own || (family && (hostname === parent || hostname.endsWith(`.${parent}`)));
  return protocol === 'https:' && near && username === '' && password === '';
}

export const registry: Kind = function* (members, { target }) {
  const user = textOf(members, 'username');
  const password = textOf(members, 'password');
  const derived = registryScope(target);
  const ask = (method: string, path: string): Call => {
    const host = target.host.includes(':') ? `[${target.host}]` : target.host;
    const url = `https://${host}:${target.port}${path}`;
    return { step: 'challenge', method, url, fields: [['accept', '*/*']], body: null };
  };
  // A HEAD changes nothing, whatever the agent's request would do.
  let answer = yield ask('HEAD', target.path);
  if (answer.status !== 401) answer = yield ask('GET', '/v2/');
  if (answer.status >= 500) throw new NoToken(`${target.host} answered with status ${answer.status}`);
  const challenge =
    answer.status === 401 ? challengesIn(answer.fields).find(({ scheme }) => scheme === 'bearer') : undefined;
  // Registries of npm, and small ones of containers, take user and password themselves.
  if (challenge === undefined)
    return { scheme: 'basic', value: Buffer.from(`${user}:${password}`), seconds: 60 } satisfies Gained;

  const pinned = textOf(members, 'token_url');
  const realm = pinned || (challenge.parameters.realm ?? '');
  if (pinned === '' && !trusted(realm, target))
    throw new NoToken(
      `${target.host} sends us to a token server that is not of its own domain, or not HTTPS`,
      'If that is right, name it as token_url in the secret.',
    );
  const url = new URL(realm);
  const service = textOf(members, 'service') || (challenge.parameters.service ?? '');
  if (service !== '') url.searchParams.set('service', service);
  const scope = derived === '' ? '' : scopeIn(challenge, derived);
  for (const each of scope.split(' ')) if (each !== '') url.searchParams.append('scope', each);
  const call: Call = {
    step: 'token',
    method: 'GET',
    url: url.href,
    fields: [['accept', 'application/json'], basic(user, password)],
    body: null,
  };
  const document = documentOf(call, yield call, meanings);
  const value = tokenIn(document.token ?? document.access_token, call);
  return { scheme: 'bearer', value, seconds: secondsIn(document.expires_in, 60) };
};
