/** Stand: an engine with a real vault and real upstreams, a token server that answers as it is told, a clock and a log that may fail. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Exchange } from '../../bin/proxy/exchange/index.js';
import { openUpstreams } from '../../bin/proxy/upstreams.js';
import { parseConfig } from '../../src/config.js';
import { Refusal } from '../../src/errors.js';
import type { Run } from '../../src/identity/runs.js';
import type { Draft } from '../../src/model.js';
import { mint, type Permit } from '../../src/permit.js';
import { openAuthority } from '../../src/tls/authority.js';
import { openVault, type Vault } from '../../vault/index.js';

export type Handler = (asked: URLSearchParams, response: ServerResponse, path: string) => void;

export const hash = 'a'.repeat(64);
export const target = { method: 'GET', host: 'api.example.com', port: 443, path: '/', query: '' };
export const give = (response: ServerResponse, given: object): void => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ token_type: 'bearer', expires_in: 600, ...given }));
};

export interface Stand {
  readonly vault: Vault;
  readonly exchange: Exchange;
  readonly killed: Set<string>;
  readonly noted: Draft[];
  /** Milliseconds by which the clock is wrong. */
  readonly clock: { wrong: number };
  /** Whether nothing can be recorded. */
  readonly log: { broken: boolean };
  /** A permit for a request of this gateway's, for which the secret `api` is. */
  permit(gateway?: string): Permit;
}

/** An engine with a real vault and real upstreams, and a token server that answers as it is told. */
export async function stand(t: TestContext, answer: Handler): Promise<Stand> {
  const dir = mkdtempSync(join(tmpdir(), 'tf-exchange-'));
  const authority = openAuthority({ dir: join(dir, 'ca'), now: Date.now, random: randomBytes });
  const ca = join(dir, 'ca.pem');
  writeFileSync(ca, authority.certificatePem);
  const heard = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.on('data', chunk => (body += String(chunk)));
    request.on('end', () => answer(new URLSearchParams(body), response, request.url ?? ''));
  };
  const server = createServer({ SNICallback: (name, done) => done(null, authority.contextFor(name)) }, heard);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const config = parseConfig(
    `upstream: { ca_file: ${JSON.stringify(ca)}, connect_to: { "auth.example.com:443": "127.0.0.1:${port}" } }`,
  );
  const vault = await openVault({
    path: join(dir, 'vault.db'),
    key: { kind: 'environment', value: randomBytes(32).toString('base64') },
  });
  const members = { client_id: 'x', token_url: 'https://auth.example.com/', refresh_token: 'refresh-0' };
  vault.set(
    { name: 'api', scheme: 'oauth2', connector: null, hosts: ['api.example.com'], gateways: [] },
    Buffer.from(JSON.stringify(members)),
  );
  const killed = new Set<string>();
  const noted: Draft[] = [];
  const clock = { wrong: 0 };
  const log = { broken: false };
  const now = (): number => Date.now() + clock.wrong;
  let entries = 0;
  const runs = {
    find: (run: string) => {
      const subject = { id: run.slice(4), run, chain: [run.slice(4)], runs: [run] };
      return { stored: {}, subject, grants: [], ended: false } as unknown as Run;
    },
  };
  const exchange = new Exchange({
    vault,
    runs,
    upstreams: openUpstreams(config, runs),
    now,
    policy: { digest: '' },
    log: {
      async allow(_, allowed) {
        const id = `ev_${++entries}`;
        if (log.broken) throw new Refusal('log_unavailable', 'It can not be recorded.');
        return { recorded: { id, seq: entries }, permit: mint({ ...allowed, evidence: id }, Date.now()) };
      },
      note(draft) {
        noted.push(draft);
        return '';
      },
    },
    kill: {
      check({ gateways }) {
        if (gateways.some(name => killed.has(name))) throw new Refusal('killed', 'It is killed.');
      },
    },
    changed: async () => {},
    rotated: () => {},
  });
  t.after(async () => {
    await exchange.close();
    vault.close();
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const permit = (gateway = 'agent'): Permit =>
    mint(
      {
        ...{ evidence: `ev_request_${++entries}`, gateway, run: `run_${gateway}`, request: hash, connector: 'http' },
        ...{ host: 'api.example.com', port: 443, scheme: 'https', secret: 'api' },
      },
      Date.now(),
    );
  return { vault, exchange, killed, noted, clock, log, permit };
}

/** What one request gets. */
export async function take({ exchange }: Stand, permit: Permit): Promise<string> {
  await exchange.fetch(permit, hash, target);
  return exchange.lease(permit, hash).value.toString();
}
