/** What a child process of a run finds in its environment, and what it doesn't. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ChildSettings, childEnvironment } from '../../bin/environment/child-environment.js';

const settings = (parent: NodeJS.ProcessEnv, more: Partial<ChildSettings> = {}): ChildSettings => ({
  parent,
  gateway: 'deploy-agent',
  token: 'run-t0ken',
  runId: 'run_1',
  proxy: { host: '127.0.0.1', port: 4711 },
  files: { ca: '/t/ca.pem', bundle: '/t/bundle.pem', pkcs12: '/t/trust.p12', preload: '/app/preload.cjs' },
  placeholders: {},
  drop: [],
  ...more,
});
const url = 'http://deploy-agent:run-t0ken@127.0.0.1:4711';

test('credentials of well-known services do not reach the agent, and their names are told', () => {
  const credentials = [
    'ANTHROPIC_API_KEY',
    'AWS_ACCESS_KEY_ID',
    'AWS_PROFILE',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AZURE_CLIENT_SECRET',
    'AZURE_STORAGE_CONNECTION_STRING',
    'CI_JOB_TOKEN',
    'DB_PASSWORD',
    'DENO_AUTH_TOKENS',
    'DOCKER_AUTH_CONFIG',
    'GH_TOKEN',
    'GITHUB_TOKEN',
    'GIT_ASKPASS',
    'GOOGLE_API_KEY',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'HF_TOKEN',
    'HUGGING_FACE_HUB_TOKEN',
    'KRB5CCNAME',
    'MYSQL_PWD',
    'NODE_AUTH_TOKEN',
    'NPM_TOKEN',
    'OPENAI_API_KEY',
    'PGPASSWORD_API_KEY_2',
    'SENDGRID_API_KEY',
    'SENTRY_DSN',
    'SLACK_BOT_TOKEN',
    'SLACK_WEBHOOK_URL',
    'SSH_AUTH_SOCK',
    'STRIPE_API_KEY',
    'STRIPE_SECRET_KEY',
    'STRIPE_WEBHOOK_SECRET',
    'SUPABASE_SERVICE_ROLE_KEY',
    'TF_TOKEN_app_terraform_io',
    'TF_MASTER_KEY',
    'TF_OPERATOR_TOKEN',
    'TF_PASSPHRASE',
    'TF_APPROVER_PASSPHRASE',
    'TF_VAR_db_password',
    'TWILIO_AUTH_TOKEN',
    'VAULT_TOKEN',
    'my_token',
    'npm_config_//registry.example/:_authToken',
  ];
  const { env, removed } = childEnvironment(settings(Object.fromEntries(credentials.map(name => [name, 'canary']))));
  assert.deepEqual(removed, [...credentials].sort());
  assert.doesNotMatch(JSON.stringify(env), /canary/);
});

test('a key is recognised by its looks under any name', () => {
  const parent = {
    A: `ghp_${'a'.repeat(36)}`,
    B: 'sk_live_abc',
    C: `sk-ant-${'a'.repeat(30)}`,
    D: 'xoxb-1-2',
    E: 'AKIAIOSFODNN7EXAMPLE',
    F: '-----BEGIN RSA PRIVATE KEY-----\nMII',
    G: 'https://hooks.slack.com/services/T/B/x',
    H: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x',
  };
  assert.deepEqual(childEnvironment(settings(parent)).removed, Object.keys(parent));
});

test('what is no credential stays as it is', () => {
  const parent = {
    PATH: '/bin',
    HOME: '/home/u',
    PWD: '/src',
    OLDPWD: '/',
    LANG: 'C.UTF-8',
    TERM: 'xterm',
    TF_HOME: '/h',
    AWS_REGION: 'eu-central-1',
    AZURE_TENANT_ID: 't',
    TOKENIZERS_PARALLELISM: 'false',
    MAX_TOKENS: '10',
    KEYBOARD: 'de',
    SLACK_CHANNEL: '#ops',
    AUTHOR: 'me',
    MONKEY: 'x',
    TF_VAR_region: 'x',
    LD_PRELOAD: '/lib/a.so',
    STRIPE_PRICE_ID: 'price_1',
    PATHEXT: '',
    KEY: 'c-sharp',
  };
  const { env, removed } = childEnvironment(settings(parent));
  assert.deepEqual(removed, []);
  for (const [name, value] of Object.entries(parent)) assert.equal(env[name], value, name);
});

test('--keep-env keeps a variable by name, but neither a secret of the vault nor the keys of Tollfence', () => {
  const parent = { MY_TOKEN: 'm', ODD: 'in-the-vault', TF_MASTER_KEY: 'k', tf_passphrase: 'p' };
  const keep = Object.keys(parent);
  const { env, removed } = childEnvironment(settings(parent, { keep, drop: ['ODD'] }));
  assert.equal(env.MY_TOKEN, 'm');
  assert.deepEqual(removed, ['ODD', 'TF_MASTER_KEY', 'tf_passphrase']);
});

test('placeholders take the place of what was taken away', () => {
  const { env, removed } = childEnvironment(
    settings({ GITHUB_TOKEN: 'canary' }, { placeholders: { GITHUB_TOKEN: 'ghp_placeholder' } }),
  );
  assert.equal(env.GITHUB_TOKEN, 'ghp_placeholder');
  assert.deepEqual(removed, ['GITHUB_TOKEN']);
});

test('every variable for proxies leads to ours, and none of before is left', () => {
  const before = [
    'HTTPS_PROXY',
    'http_proxy',
    'Ftp_Proxy',
    'ALL_PROXY',
    'NO_PROXY',
    'wss_proxy',
    'npm_config_https_proxy',
    'npm_config_noproxy',
    'NODE_USE_ENV_PROXY',
  ];
  const { env } = childEnvironment(settings(Object.fromEntries(before.map(name => [name, 'http://corp:3128,*']))));
  assert.doesNotMatch(JSON.stringify(env), /corp|\*/);
  for (const name of [
    'HTTPS_PROXY',
    'https_proxy',
    'HTTP_PROXY',
    'http_proxy',
    'ALL_PROXY',
    'npm_config_https_proxy',
    'CARGO_HTTP_PROXY',
  ]) {
    assert.equal(env[name], url, name);
  }
  assert.equal(env.NO_PROXY, 'localhost,127.0.0.1,::1');
  assert.equal(env.no_proxy, env.NO_PROXY);
});

test('gateway and token survive the URL, and an IPv6 address is in brackets', () => {
  const { env } = childEnvironment(settings({}, { gateway: 'a@b/c:ü', token: 't%:', proxy: { host: '::1', port: 1 } }));
  const { username, password, host } = new URL(env.HTTPS_PROXY!);
  assert.deepEqual([decodeURIComponent(username), decodeURIComponent(password), host], ['a@b/c:ü', 't%:', '[::1]:1']);
});

test('the options of the operator for Node and Java stay in front of ours', () => {
  const { env } = childEnvironment(settings({ NODE_OPTIONS: '--max-old-space-size=512', JAVA_TOOL_OPTIONS: '-Xmx1g' }));
  assert.equal(env.NODE_OPTIONS, '--max-old-space-size=512 --require "/app/preload.cjs"');
  assert.match(env.JAVA_TOOL_OPTIONS!, /^-Xmx1g -Djavax\.net\.ssl\.trustStore=\/t\/trust\.p12 /);
});

test('Java prints its options, so the token is not among them', () => {
  assert.doesNotMatch(childEnvironment(settings({})).env.JAVA_TOOL_OPTIONS!, /run-t0ken/);
});

test('a run inside a run has its own gateway and token, and nothing of the outer one', () => {
  const parent = {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'user.name',
    GIT_CONFIG_VALUE_0: 'Ann',
    NODE_OPTIONS: '--trace-warnings',
  };
  const outer = childEnvironment(settings(parent)).env;
  const inner = childEnvironment(settings(outer, { gateway: 'helper', token: 'inner-t0ken', runId: 'run_2' }));
  assert.doesNotMatch(JSON.stringify(inner.env), /run-t0ken|deploy-agent/);
  assert.equal(inner.env.GIT_CONFIG_VALUE_0, 'Ann');
  assert.equal(inner.env.GIT_CONFIG_COUNT, outer.GIT_CONFIG_COUNT);
  assert.equal(inner.env.NODE_OPTIONS, outer.NODE_OPTIONS);
  assert.deepEqual(inner.removed, []);
});

test('making the environment twice changes nothing, whatever the parent had', () => {
  const name = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'NODE_OPTIONS',
      'JAVA_TOOL_OPTIONS',
      'GIT_CONFIG_COUNT',
      'GIT_CONFIG_KEY_0',
      'GIT_CONFIG_VALUE_0',
      'A_TOKEN',
      'ftp_proxy',
      '__proto__',
    ),
  );
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.oneof(fc.string(), fc.constantFrom('1', '2', 'http.proxy', 'credential.helper'))),
      parent => {
        const once = childEnvironment(settings(parent)).env;
        assert.deepEqual(childEnvironment(settings(once)), { env: once, removed: [] });
      },
    ),
    { numRuns: 300 },
  );
});
