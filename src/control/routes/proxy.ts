/** The proxy itself over the control socket: status, stop, secrets, policy, and the log's head. */
import { exitCode, Fault } from '../../errors.js';
import type { Scheme } from '../../model.js';
import { list, text } from '../fields.js';
import type { Call, Route } from '../server.js';

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
    runs: house.runs.list().map(({ stored, subject }) => ({
      id: stored.id,
      gateway: stored.gateway,
      pid: stored.pid,
      started_at: stored.started_at,
      user: stored.user.sub,
      chain: stored.chain,
      runs: stored.runs,
      subject,
      ...(stored.void && { void: stored.void.reason }),
    })),
    oidc: house.config.oidc.map(({ issuer, audience, identifies }) => ({ issuer, audience, identifies })),
    grants: house.grants
      .list()
      .filter(({ state }) => state === 'live')
      .map(({ id, gateway, task, run, expires_at }) => ({ id, gateway, task, run, expires_at })),
    requests_in_flight: house.flights.exchanges,
    workers: house.workers(),
    killed: house.kill.active(),
    approvals: house.approvals
      .list()
      .filter(({ state }) => state === 'pending')
      .map(({ id, gateway, action }) => ({ id, gateway, action: action.name })),
    deferrals: house.deferrals
      .list()
      .filter(({ state }) => state === 'scheduled')
      .map(({ id, gateway, action, due_at }) => ({ id, gateway, action: action.name, due_at })),
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
  { method: 'GET', path: '/log/head', authority: 'any', handle: ({ house }) => house.log.head() },
];
