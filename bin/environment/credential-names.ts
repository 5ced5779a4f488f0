/**
 * Which environment variables hold credentials: by a name that somebody documents, by the way names of credentials are
 * made, and by values that are keys on their face. What is taken away here can be kept by name (`--keep-env`).
 */

/** Names that the patterns below would miss, with where they are documented. */
const documented: readonly (readonly [source: string, names: readonly string[]])[] = [
  // Where the AWS SDKs look for credentials, and which of several they take.
  [
    'https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html',
    [
      'AWS_PROFILE',
      'AWS_DEFAULT_PROFILE',
      'AWS_ROLE_ARN',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    ],
  ],
  [
    'https://cloud.google.com/sdk/docs/authorizing',
    ['CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE', 'CLOUDSDK_AUTH_ACCESS_TOKEN_FILE'],
  ],
  [
    'https://learn.microsoft.com/azure/developer/python/sdk/authentication',
    ['AZURE_CLIENT_CERTIFICATE_PATH', 'AZURE_FEDERATED_TOKEN_FILE', 'IDENTITY_HEADER', 'MSI_SECRET'],
  ],
  ['https://docs.github.com/actions/reference/security/oidc', ['ACTIONS_ID_TOKEN_REQUEST_URL']],
  ['https://docs.gitlab.com/ci/variables/predefined_variables/', ['CI_JOB_JWT', 'CI_JOB_JWT_V2', 'CI_REPOSITORY_URL']],
  ['https://docs.docker.com/reference/cli/docker/', ['DOCKER_AUTH_CONFIG']],
  ['https://git-scm.com/docs/gitcredentials', ['GIT_ASKPASS', 'SSH_ASKPASS']],
  // Not credentials, but doors to them: whoever has the socket can sign with every key of the SSH agent.
  ['https://man.openbsd.org/ssh-agent', ['SSH_AUTH_SOCK', 'SSH_AGENT_PID']],
  [
    'https://code.visualstudio.com/docs/sourcecontrol/overview',
    ['VSCODE_GIT_ASKPASS_NODE', 'VSCODE_GIT_ASKPASS_MAIN', 'VSCODE_GIT_ASKPASS_EXTRA_ARGS', 'VSCODE_GIT_IPC_HANDLE'],
  ],
  [
    'https://web.mit.edu/kerberos/krb5-latest/doc/admin/env_variables.html',
    ['KRB5CCNAME', 'KRB5_KTNAME', 'KRB5_CLIENT_KTNAME'],
  ],
  ['https://docs.deno.com/runtime/reference/env_variables/', ['DENO_AUTH_TOKENS']],
  ['https://www.postgresql.org/docs/current/libpq-envars.html', ['PGPASSFILE']],
  ['https://dev.mysql.com/doc/refman/8.4/en/environment-variables.html', ['MYSQL_PWD']],
  ['https://docs.sentry.io/platforms/javascript/configuration/options/', ['SENTRY_DSN']],
  ['https://developer.hashicorp.com/terraform/cli/config/config-file', ['TF_CLI_CONFIG_FILE']],
];

/** Tollfence's own: these are never kept. */
const own = /^TF_(MASTER_KEY|OPERATOR_TOKEN|PASSPHRASE|APPROVER_PASSPHRASE|ID_TOKEN)/;

// A suffix with `_` (or at the start), so that TOKENIZERS_PARALLELISM, MAX_TOKENS, PWD and KEYBOARD stay.
const suffix = new RegExp(
  '(^|[_:.-])(' +
    'TOKEN|AUTH_?TOKEN|JWT|PAT|SECRET|CLIENT_?SECRET|PASSWORD|PASSWD|PASSPHRASE|PASS|CREDENTIALS?|CREDENTIALS?_JSON|AUTH|' +
    '(API|APP|ACCESS|SECRET|PRIVATE|SIGNING|ENCRYPTION|MASTER|SERVICE|SERVICE_ROLE|ACCOUNT|LICENSE|DEPLOY|SSH)_?KEY(_ID|_BASE64)?|' +
    'CONNECTION_?STRING|WEBHOOK(_URL)?|COOKIE' +
    ')(_?\\d+)?$',
  'i',
);
const prefix = /^(TF_TOKEN_|GIT_CREDENTIAL_|BUNDLE_.+__)/i;

// Kinds of keys that say what they are: the formats that GitHub's secret scanning recognises by their first letters.
// https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
const value = new RegExp(
  '^(gh[pousr]_[A-Za-z0-9]{20}|github_pat_|glpat-|[sr]k_(live|test)_|sk-(ant-|proj-|or-)?[A-Za-z0-9_-]{16}|xox[abeoprs]-|xapp-|' +
    '(AKIA|ASIA)[A-Z0-9]{16}$|AIza[A-Za-z0-9_-]{30}|ya29\\.|npm_[A-Za-z0-9]{30}|pypi-|hf_[A-Za-z]{20}|SG\\.[A-Za-z0-9_-]{16}|' +
    're_[A-Za-z0-9]{8}_|dop_v1_|lin_api_|https://hooks\\.slack\\.com/|eyJ[A-Za-z0-9_-]{10,}\\.eyJ|-----BEGIN [A-Z ]*PRIVATE KEY)',
);

const names: ReadonlySet<string> = new Set(documented.flatMap(([, list]) => list));

/** True if nothing may keep a variable of this name. */
export const isOwnCredential = (name: string): boolean => own.test(name.toUpperCase());

/** True if a variable of this name, or with this value, is to be kept from agents. */
export const isCredential = (name: string, content: string): boolean =>
  isOwnCredential(name) ||
  names.has(name.toUpperCase()) ||
  suffix.test(name) ||
  prefix.test(name) ||
  value.test(content.trim());
