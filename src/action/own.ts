/**
 * Own: a connector as data, from a file that an operator writes or `tf connector import` makes. It may say everything
 * that a connector can but functions. Pure; every fault is told, in sentences for whoever edits the file.
 */
import type { Connector, Route, RouteRow, Scheme } from '../model.js';

/** A connector of the operator's own, with the examples that `tf connector test` runs. */
export interface OwnConnector {
  readonly connector: Connector;
  readonly examples: string;
}

type Members = { readonly [name: string]: unknown };

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const members: readonly string[] = ['name', 'hosts', 'credentials', 'reads', 'configurable', 'routes', 'examples'];
const places: readonly string[] = ['scheme', 'placeholder', 'env', 'user', 'prefix'];

/** Reads a parsed document. What is wrong with rows is found by the catalogue. */
export function readOwn(document: unknown): OwnConnector | { readonly faults: readonly string[] } {
  if (!isMembers(document)) return { faults: ['it is not a connector: write `name`, `hosts` and `routes`'] };
  const faults: string[] = [];
  const { name, hosts = [], credentials, reads, configurable, routes = {}, examples = '' } = document;
  for (const key of Object.keys(document))
    if (!members.includes(key)) faults.push(`${key}: there is no such key; there are ${members.join(', ')}`);
  if (typeof name !== 'string') faults.push('name: must be a text');
  if (!isTexts(hosts)) faults.push('hosts: must be a list of host names');
  if (reads !== undefined && reads !== 'json' && reads !== 'form') faults.push('reads: must be json or form');
  if (configurable !== undefined && typeof configurable !== 'boolean')
    faults.push('configurable: must be true or false');
  if (typeof examples !== 'string') faults.push('examples: must be a text');
  if (!isMembers(routes)) faults.push('routes: must be routes with their rows');
  else for (const [key, route] of Object.entries(routes)) if (!isRoute(route)) faults.push(`routes.${key}: ${notRow}`);
  faults.push(...credentialFaults(credentials));
  if (faults.length > 0) return { faults };
  return {
    examples: examples as string,
    connector: {
      name: name as string,
      hosts: hosts as readonly string[],
      ...(credentials !== undefined && { credentials: credentials as Credentials }),
      ...(reads !== undefined && { reads: reads as 'json' | 'form' }),
      ...(configurable === true && { configurable }),
      routes: routes as { readonly [key: string]: Route },
    },
  };
}

type Credentials = NonNullable<Connector['credentials']>;

const notRow = 'must be a row such as {action: thing.get}, or a list of rows';

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(item => typeof item === 'string');

const isRow = (value: unknown): value is RouteRow =>
  isMembers(value) &&
  typeof value.action === 'string' &&
  (value.parameters === undefined || (isMembers(value.parameters) && isTexts(Object.values(value.parameters)))) &&
  (value.when === undefined || isMembers(value.when)) &&
  (value.aliases === undefined || isTexts(value.aliases)) &&
  (value.hints === undefined || isTexts(value.hints)) &&
  (value.resource === undefined || typeof value.resource === 'string') &&
  (value.lookup === undefined || isLookup(value.lookup));

const isLookup = (value: unknown): boolean =>
  isMembers(value) &&
  typeof value.request === 'string' &&
  isMembers(value.parameters) &&
  isTexts(Object.values(value.parameters)) &&
  (value.next === undefined || isLookup(value.next));

const isRoute = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 && value.every(isRow) : isRow(value);

/** Variables that shells, loaders, runtimes and Tollfence itself heed: with a placeholder in one, something else would run. */
const heeded =
  /^(?:PATH|HOME|SHELL|USER|LOGNAME|PWD|OLDPWD|IFS|ENV|BASH_.*|PS[0-9]|PROMPT_COMMAND|ZDOTDIR|TERM|TMP|TEMP|TMPDIR|TZ|LANG|LC_.*|XDG_.*|EDITOR|VISUAL|PAGER|BROWSER|(?:LD|DYLD|GLIBC|MALLOC|TF)_.*|(?!.*_(?:TOKEN|KEY|SECRET|PASSWORD)$)(?:NODE|DENO|BUN|PYTHON|PERL5?|RUBY|JAVA|JDK|_JAVA|DOTNET|GO|CARGO|RUST|GIT|SSH|SSL|CURL)_.*|PYTHON.*|PERL5.*|RUBY(?:OPT|LIB)|CLASSPATH|GOPATH|GOPROXY|GOFLAGS|npm_config_.*|.*_PROXY)$/i;

function credentialFaults(credentials: unknown): string[] {
  if (credentials === undefined) return [];
  if (!isMembers(credentials)) return ['credentials: must have a scheme and a placeholder'];
  const faults = Object.keys(credentials)
    .filter(key => !places.includes(key))
    .map(key => `credentials.${key}: there is no such key; there are ${places.join(', ')}`);
  const { scheme, placeholder, env = [], user = '', prefix = '' } = credentials;
  if (typeof scheme !== 'string')
    faults.push(`credentials.scheme: must be a text such as ${'bearer' satisfies Scheme}`);
  if (typeof placeholder !== 'string')
    faults.push('credentials.placeholder: must be a text with `tfplaceholder` in it');
  else if (!/^[\x21-\x7e]+$/.test(placeholder)) faults.push('credentials.placeholder: must be ASCII without spaces');
  if (!isTexts(env)) faults.push('credentials.env: must be a list of names of variables');
  else
    for (const name of env)
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || heeded.test(name))
        faults.push(`credentials.env: ${JSON.stringify(name)} is not the name of a variable for a key`);
  if (typeof user !== 'string' || typeof prefix !== 'string')
    faults.push('credentials.user, credentials.prefix: must be texts');
  return faults;
}
