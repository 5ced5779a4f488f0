/**
 * What a child process of `tf run` gets as its environment: the parent's, without credentials, and with everything that
 * makes the usual clients go through the proxy and trust its CA. (docs/clients.md says which client reads what.)
 */
import { isCredential, isOwnCredential } from './credential-names.js';
import { withGitSettings, withoutOurGitSettings } from './git-settings.js';

/** Files that a child process must be able to read; see `writeTrustFiles`. */
export interface TrustFiles {
  /** Our root alone, PEM. */
  readonly ca: string;
  /** Our root and the system's, PEM. */
  readonly bundle: string;
  /** The same as a PKCS#12 trust store. */
  readonly pkcs12: string;
  /** CommonJS module that makes Node.js use the proxy. */
  readonly preload: string;
}

/** What the environment is made from. */
export interface ChildSettings {
  readonly parent: Readonly<NodeJS.ProcessEnv>;
  readonly gateway: string;
  /** The run token. */
  readonly token: string;
  readonly runId: string;
  readonly proxy: { readonly host: string; readonly port: number };
  readonly files: TrustFiles;
  /** Variable → shaped placeholder, for SDKs that want a key before they send anything. */
  readonly placeholders: Readonly<Record<string, string>>;
  /** Names of variables whose value is a secret of the vault. */
  readonly drop: readonly string[];
  /** Names that stay although they look like credentials (`--keep-env`). Those in `drop`, and our own, don't. */
  readonly keep?: readonly string[];
}

/** The environment, and the names of what was taken out of the parent's, sorted. */
export interface ChildEnvironment {
  readonly env: Record<string, string>;
  readonly removed: readonly string[];
}

/** Loopback only: an agent's own test server. Everything else goes through the proxy. */
const direct = 'localhost,127.0.0.1,::1';

/** Makes the environment. Pure. */
export function childEnvironment(settings: ChildSettings): ChildEnvironment {
  const { parent, placeholders, drop, keep = [] } = settings;
  const env: Record<string, string> = {};
  const removed: string[] = [];
  const dropped = new Set(drop);
  const kept = new Set(keep);
  const isTaken = (name: string, value: string): boolean =>
    dropped.has(name) || isOwnCredential(name) || (!kept.has(name) && isCredential(name, value));

  for (const [name, value] of Object.entries(withoutOurGitSettings(parent))) {
    if (value === undefined || isProxyVariable(name)) continue;
    if (isTaken(name, value)) removed.push(name);
    else env[name] = value;
  }
  Object.assign(
    env,
    placeholders,
    proxyVariables(settings),
    trustVariables(settings.files),
    runtimeVariables(env, settings),
  );
  return { env: withGitSettings(env, proxyUrl(settings)), removed: removed.sort() };
}

// Also ftp_proxy, socks_proxy, npm_config_https_proxy …: a proxy of before would lead around ours.
const isProxyVariable = (name: string): boolean => /(^|_)(no_?)?proxy$/i.test(name);

const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** `http://GATEWAY:TOKEN@host:port` (interface §3). */
function proxyUrl({ gateway, token, proxy }: ChildSettings): string {
  return `http://${encodeURIComponent(gateway)}:${encodeURIComponent(token)}@${urlHost(proxy.host)}:${proxy.port}`;
}

function proxyVariables(settings: ChildSettings): Record<string, string> {
  const url = proxyUrl(settings);
  return {
    // curl reads http_proxy in lower case only, Java tools and CI images often upper case only.
    HTTPS_PROXY: url,
    https_proxy: url,
    HTTP_PROXY: url,
    http_proxy: url,
    // For schemes that we don't serve (ftp, gopher): refused by the proxy instead of sent past it.
    ALL_PROXY: url,
    all_proxy: url,
    NO_PROXY: direct,
    no_proxy: direct,
    // Files of configuration (~/.npmrc, ~/.cargo/config.toml) beat the variables above, but not their own ones.
    npm_config_proxy: url,
    npm_config_https_proxy: url,
    npm_config_noproxy: direct,
    YARN_HTTP_PROXY: url,
    YARN_HTTPS_PROXY: url,
    CARGO_HTTP_PROXY: url,
    PIP_PROXY: url,
    GIT_HTTP_PROXY_AUTHMETHOD: 'basic',
    // For programs that clear NODE_OPTIONS, and our preload with it: Node ≥ 22.21 and ≥ 24 then still pass the proxy.
    NODE_USE_ENV_PROXY: '1',
    // For clients that use no proxy: the host of the API and the path come behind it (docs/clients.md).
    TF_BASE_URL: `http://${urlHost(settings.proxy.host)}:${settings.proxy.port}/_`,
    TF_GATEWAY: settings.gateway,
    TF_RUN: settings.runId,
  };
}

function trustVariables({ ca, bundle }: TrustFiles): Record<string, string> {
  return {
    // Node, Bun and Deno add this file to their own roots; all others take theirs in place of the system's.
    NODE_EXTRA_CA_CERTS: ca,
    DENO_CERT: ca,
    SSL_CERT_FILE: bundle,
    CURL_CA_BUNDLE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    PIP_CERT: bundle,
    HTTPLIB2_CA_CERTS: bundle,
    GIT_SSL_CAINFO: bundle,
    CARGO_HTTP_CAINFO: bundle,
    NIX_SSL_CERT_FILE: bundle,
    AWS_CA_BUNDLE: bundle,
    npm_config_cafile: bundle,
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: bundle,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
    // SDKs would ask the machine's metadata service for credentials, by an address that no proxy is used for.
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Variables that already mean something to the operator: ours is added to what they hold, once. */
function runtimeVariables(
  env: Readonly<Record<string, string>>,
  { proxy, files }: ChildSettings,
): Record<string, string> {
  const add = (name: string, ours: string): string => {
    const before = env[name]?.trim() ?? '';
    return before === ours || before.endsWith(` ${ours}`) ? before : `${before} ${ours}`.trim();
  };
  const java = [
    `-Djavax.net.ssl.trustStore=${files.pkcs12}`,
    '-Djavax.net.ssl.trustStoreType=PKCS12',
    '-Djavax.net.ssl.trustStorePassword=changeit',
    ...['http', 'https'].flatMap(scheme => [
      `-D${scheme}.proxyHost=${proxy.host}`,
      `-D${scheme}.proxyPort=${proxy.port}`,
    ]),
    // Java refuses Basic for CONNECT unless this list is empty (JDK 8u111).
    '-Djdk.http.auth.tunneling.disabledSchemes=',
  ].map(option => (/\s/.test(option) ? `"${option}"` : option));
  return {
    NODE_OPTIONS: add('NODE_OPTIONS', `--require ${JSON.stringify(files.preload)}`),
    JAVA_TOOL_OPTIONS: add('JAVA_TOOL_OPTIONS', java.join(' ')),
  };
}
