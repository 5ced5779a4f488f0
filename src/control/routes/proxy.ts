/** The proxy itself over the control socket: status, stop, secrets, policy, the log's head, and explanations. */
import { lookedUp } from '../../action/lookup.js';
import { exitCode, Fault } from '../../errors.js';
import { decode } from '../../http/decode.js';
import { decodeTunnel, hostList } from '../../http/passthrough.js';
import { parseAuthority } from '../../http/target.js';
import type { CanonicalRequest, Scheme, Subject } from '../../model.js';
import { contextAt, question } from '../../policy/question.js';
import type { Call, Route } from '../server.js';

const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback);
const list = (value: unknown): string[] => (Array.isArray(value) ? value.filter(item => typeof item === 'string') : []);

function status({ house }: Call): unknown {
  return {
    proxy: {
      running: true,
      pid: process.pid,
      version: house.version,
      listen: `127.0.0.1:${house.port()}`,
      started_at: new Date(house.started).toISOString(),
      node: process.version,
      draining: house.ending(),
    },
    healthy: house.log.healthy && !house.vault.locked,
    notices: house.notices,
    log: { healthy: house.log.healthy, origin: house.log.origin },
    vault: { locked: house.vault.locked, source: house.vault.source, generation: house.vault.generation },
    policy: { sha256: house.policy.digest, shipped: house.policy.shipped },
    runs: house.runs.list().map(({ stored }) => ({
      id: stored.id,
      gateway: stored.gateway,
      pid: stored.pid,
      started_at: stored.started_at,
      user: stored.user.sub,
      chain: stored.chain,
    })),
    requests_in_flight: house.flights.exchanges,
    workers: house.workers(),
    killed: house.kill.active(),
    approvals: house.approvals
      .list()
      .filter(({ state }) => state === 'pending')
      .map(({ id, gateway, action }) => ({ id, gateway, action: action.name })),
  };
}

/** Hosts of a secret: given, or those of its connector. */
function bindingOf({ house, body }: Call): {
  name: string;
  scheme: Scheme;
  connector: string | null;
  hosts: string[];
  gateways: string[];
} {
  const connector = house.connectors.find(({ name }) => name === body.connector);
  if (typeof body.connector === 'string' && connector === undefined)
    throw new Fault(exitCode.missing, `There is no connector ${body.connector}.`, 'List them with: tf connector list');
  const hosts = list(body.hosts);
  if (connector === undefined && hosts.length === 0)
    throw new Fault(
      exitCode.usage,
      'Say what the secret is for: --connector NAME, or --host HOST with --scheme SCHEME.',
    );
  const scheme = (text(body.scheme) || connector?.credentials?.scheme) as Scheme | undefined;
  if (scheme === undefined)
    throw new Fault(
      exitCode.usage,
      'Say how the secret is sent: --scheme bearer, basic, header:NAME, query:NAME, or one of docs/credentials.md.',
    );
  for (const gateway of list(body.gateways)) {
    if (house.gateways.find(gateway) === undefined)
      throw new Fault(
        exitCode.missing,
        `There is no gateway ${gateway}.`,
        `Make it with: tf gateway create ${gateway}`,
      );
  }
  return {
    name: text(body.name),
    scheme,
    connector: connector?.name ?? null,
    hosts: hosts.length > 0 ? hosts : [...house.hostsOf(connector!.name)],
    gateways: list(body.gateways),
  };
}

/** What the next start compares the file with: an old copy of the vault is then noticed. */
const remember = ({ state, vault }: Call['house']): void =>
  state.set('vault.seen', JSON.stringify({ id: vault.id, generation: vault.generation }));

const value = ({ body }: Call): Buffer => Buffer.from(text(body.value), 'base64');

async function setSecret(call: Call): Promise<unknown> {
  const { house, by } = call;
  const secret = house.vault.set(bindingOf(call), value(call));
  remember(house);
  await house.changed('secrets');
  await house.log.record({ type: 'credential.set', run: null, secret, generation: house.vault.generation, by });
  return secret;
}

async function rotateSecret(call: Call): Promise<unknown> {
  const { house, params, by } = call;
  const secret = house.vault.rotate(params.name!, value(call));
  remember(house);
  await house.changed('secrets');
  await house.log.record({ type: 'credential.rotated', run: null, secret, generation: house.vault.generation, by });
  return secret;
}

async function removeSecret({ house, params, by }: Call): Promise<unknown> {
  const secret = house.vault.remove(params.name!);
  remember(house);
  await house.changed('secrets');
  await house.log.record({ type: 'credential.removed', run: null, secret, generation: house.vault.generation, by });
  return secret;
}

async function unlock({ house, body }: Call): Promise<unknown> {
  await house.vault.unlock(text(body.passphrase));
  await house.changed('secrets');
  return { locked: house.vault.locked };
}

async function activatePolicy({ house, body, by }: Call): Promise<unknown> {
  const wasm = typeof body.wasm === 'string' ? Buffer.from(body.wasm, 'base64') : undefined;
  const source = text(body.source, 'default');
  try {
    await house.policy.replace(wasm);
  } catch (error) {
    house.log.note({
      type: 'policy.rejected',
      run: null,
      source,
      reason: error instanceof Error ? error.message : 'unknown',
      by,
    });
    throw error;
  }
  await house.keepPolicy(wasm ?? null, source);
  await house.log.record({
    type: 'policy.activated',
    run: null,
    source,
    wasm_sha256: house.policy.wasmDigest,
    policy_sha256: house.policy.digest,
    by,
  });
  return showPolicy({ house } as Call);
}

const showPolicy = ({ house }: Call): unknown => ({
  sha256: house.policy.digest,
  wasm_sha256: house.policy.wasmDigest,
  shipped: house.policy.shipped,
  source: house.policy.shipped ? 'default' : (house.state.get('policy.source') ?? 'unknown'),
  permissions: house.gateways.permissions().length,
  gateways: house.gateways.list().length,
});

/** A CONNECT is an action only where its tunnel isn't read; everywhere else the requests within are judged. */
function tunnelIn({ house, body }: Call): CanonicalRequest {
  const [, named = ''] = /^https:\/\/([^/?#]+)\/?$/i.exec(text(body.url)) ?? [];
  if (named === '')
    throw new Fault(exitCode.usage, 'A CONNECT names a host and nothing else.', 'For example: https://example.com');
  const authority = parseAuthority(named, 'https', 443);
  if (hostList(house.config.passthrough)(authority.host)) return decodeTunnel({ authority }).request;
  throw new Fault(
    exitCode.usage,
    `A tunnel to ${authority.host} is not judged, because it is read: the requests in it are.`,
    'Ask about one of those. Only tunnels to hosts on passthrough are judged as a whole.',
  );
}

/** The request as it would be judged. */
function requestIn({ body }: Call): CanonicalRequest {
  const rawHeaders = list(body.headers).flatMap(line => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Fault(exitCode.usage, `"${line}" is not a header: write NAME: VALUE.`);
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const content = typeof body.data === 'string' ? Buffer.from(body.data) : null;
  if (content !== null && !rawHeaders.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')) {
    rawHeaders.push(
      'Content-Type',
      /^\s*[[{]/.test(content.toString()) ? 'application/json' : 'application/x-www-form-urlencoded',
    );
  }
  if (content !== null) rawHeaders.push('Content-Length', String(content.length));
  if (!/^https?:\/\//i.test(text(body.url)))
    throw new Fault(
      exitCode.usage,
      `"${text(body.url)}" is not a URL: write it in full.`,
      'For example: https://api.github.com/repos/acme/site/issues',
    );
  const head = decode({
    method: text(body.method).toUpperCase(),
    target: text(body.url),
    rawHeaders,
    tunnel: null,
    sni: null,
  });
  return {
    ...head,
    body:
      content === null
        ? { state: 'none', bytes: 0 }
        : {
            state: 'complete',
            bytes: content.length,
            ...(head.mediaType === null ? {} : { media_type: head.mediaType }),
          },
    content,
  };
}

/** What would be decided about a request, without sending or recording anything. */
async function explain(call: Call): Promise<unknown> {
  const { house, body } = call;
  const gateway = house.gateways.find(text(body.gateway));
  if (gateway === undefined)
    throw new Fault(exitCode.missing, `There is no gateway ${text(body.gateway)}.`, 'List them with: tf gateway list');
  const tunnel = text(body.method).toUpperCase() === 'CONNECT';
  const request = tunnel ? tunnelIn(call) : requestIn(call);
  const meaning = house.classify(request);
  const subject: Subject = {
    type: 'agent',
    id: gateway.name,
    environment: gateway.environment,
    labels: gateway.labels,
    run: 'run_explain',
    chain: [gateway.name],
    runs: ['run_explain'],
    user: { sub: 'operator' },
    workload: {},
  };
  const context = contextAt(house.now(), { minute: 1, hour: 1 }, tunnel ? ['uninspected'] : []);
  const asked = question({ subject, grants: [] }, request, meaning, context);
  const decision = await house.policy.decide(asked);
  const killed = house.kill
    .active()
    .filter(
      ({ scope }) =>
        scope.kind === 'all' ||
        (scope.kind === 'gateway' && scope.name === gateway.name) ||
        (scope.kind === 'connector' && scope.name === meaning.action.connector),
    );
  return {
    gateway: gateway.name,
    action: meaning.action,
    resource: meaning.resource,
    ...(asked.also && { also: asked.also }),
    request: { method: request.method, host: request.host, path: request.path },
    decision,
    killed,
    looked_up: lookedUp(meaning.lookup),
  };
}

const names = ({ connectors }: Call['house']): string[] => [...new Set(connectors.map(({ name }) => name))].sort();

export const proxyRoutes: readonly Route[] = [
  { method: 'GET', path: '/status', authority: 'any', handle: status },
  {
    method: 'POST',
    path: '/stop',
    authority: 'any',
    handle({ house }) {
      house.shutdown();
      return { stopping: true, pid: process.pid };
    },
  },
  { method: 'GET', path: '/secrets', authority: 'any', handle: ({ house }) => house.vault.list() },
  { method: 'POST', path: '/secrets', authority: 'operator', handle: setSecret },
  { method: 'POST', path: '/secrets/:name/rotate', authority: 'operator', handle: rotateSecret },
  { method: 'DELETE', path: '/secrets/:name', authority: 'operator', handle: removeSecret },
  { method: 'POST', path: '/vault/unlock', authority: 'operator', handle: unlock },
  { method: 'GET', path: '/policy', authority: 'any', handle: showPolicy },
  { method: 'PUT', path: '/policy', authority: 'operator', handle: activatePolicy },
  {
    method: 'POST',
    path: '/connectors/reload',
    authority: 'operator',
    handle: async ({ house, by }) => {
      await house.reloadConnectors();
      await house.log.record({ type: 'connector.reloaded', run: null, connectors: names(house), by });
      return { connectors: names(house) };
    },
  },
  { method: 'POST', path: '/explain', authority: 'any', handle: explain },
  { method: 'GET', path: '/log/head', authority: 'any', handle: ({ house }) => house.log.head() },
];
