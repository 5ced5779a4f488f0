/**
 * Slack: a stand-in for its API under its own name. It knows the bot's and the app's token, checks them on every call, keeps
 * messages, and speaks Socket Mode.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { CertificateAuthority } from '../../src/tls/authority.js';

export const botToken = 'xoxb-111111111111-2222222222222-abcdefghijklmnopqrstuvwx';
export const appToken = 'xapp-1-A0000000000-3333333333333-abcdef0123456789abcdef0123456789';

/** One call as it arrived. */
export interface Called {
  readonly method: string;
  readonly authorization: string;
  readonly form: Readonly<Record<string, string>>;
  /** Of the message, if it makes one. */
  readonly ts: string;
}

export interface StandIn {
  readonly port: number;
  readonly calls: Called[];
  /** Calls of this method that had the right token, parsed. */
  of(method: string): Called[];
  /** Fails the next calls in this way. */
  fail(status: number, times: number, fields?: Readonly<Record<string, string>>): void;
  /** Sends a press over Socket Mode; resolves when it was acknowledged. Waits for the connection. */
  press(payload: object): Promise<void>;
  readonly sockets: number;
  /** Ends the connections, as Slack does from time to time. */
  refresh(): void;
  /** The authority must be that of the world. */
  trust(authority: CertificateAuthority): void;
  close(): Promise<void>;
}

/** What Slack sends when a button is pressed on the message `ts` of a channel. */
export const pressOn = (
  approval: string,
  user: string,
  action = 'tollfence_approve',
  ts: string = '1.2',
  channel_id: string = 'C0123ABCD',
): object => ({
  type: 'block_actions',
  user: { id: user, username: 'somebody', team_id: 'T1' },
  api_app_id: 'A1',
  container: { type: 'message', message_ts: ts, channel_id, is_ephemeral: false },
  channel: { id: channel_id },
  actions: [{ action_id: action, block_id: 'tollfence', type: 'button', value: approval, action_ts: '1.2' }],
});

/** The same as a request over HTTP: fields and body, signed now, or at another time (seconds). */
export function signedPress(secret: string, payload: object, at = Math.floor(Date.now() / 1_000)) {
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const signature = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex');
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': String(at),
    'x-slack-signature': `v0=${signature}`,
  };
  return { headers, body };
}

export async function openStandIn(): Promise<StandIn> {
  let authority: CertificateAuthority | null = null;
  let failing = { status: 0, times: 0, fields: {} as Readonly<Record<string, string>> };
  const calls: Called[] = [];
  const tickets = new Set<string>();
  const open = new Set<WebSocket>();
  const acknowledged = new Set<string>();
  const https: Server = createServer({ SNICallback: (name, done) => done(null, authority!.contextFor(name)) });

  function answer({ method, authorization, form, ts }: Called): object {
    const wanted = method === 'apps.connections.open' ? appToken : botToken;
    if (authorization !== `Bearer ${wanted}`) return { ok: false, error: 'invalid_auth' };
    if (method === 'chat.postMessage') return { ok: true, channel: form.channel, ts };
    if (method === 'chat.update') return { ok: true, channel: form.channel, ts: form.ts };
    if (method === 'chat.postEphemeral') return { ok: true, message_ts: ts };
    if (method !== 'apps.connections.open') return { ok: false, error: 'unknown_method' };
    const ticket = randomBytes(8).toString('hex');
    tickets.add(ticket);
    return { ok: true, url: `wss://wss-primary.slack.com/link/?ticket=${ticket}&app_id=A1` };
  }
  https.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const call = {
        method: (request.url ?? '').replace('/api/', ''),
        authorization: request.headers.authorization ?? '',
        form: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())),
        ts: `1700000000.${String(calls.length + 1).padStart(6, '0')}`,
      };
      calls.push(call);
      const fails = failing.times > 0;
      if (fails) failing = { ...failing, times: failing.times - 1 };
      const [status, fields] = fails ? [failing.status, failing.fields] : [200, {}];
      response.writeHead(status, { 'content-type': 'application/json', ...fields });
      response.end(JSON.stringify(fails ? { ok: false, error: 'failing' } : answer(call)));
    })();
  });

  const server = new WebSocketServer({ noServer: true });
  https.on('upgrade', (request, socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'https://wss-primary.slack.com');
    // A ticket is good for one connection.
    if (pathname !== '/link/' || !tickets.delete(searchParams.get('ticket') ?? '')) return void socket.destroy();
    server.handleUpgrade(request, socket, head, client => {
      open.add(client);
      client.on('close', () => open.delete(client));
      client.on('error', () => {});
      client.on('message', data => {
        const { envelope_id } = JSON.parse(String(data)) as { envelope_id?: string };
        if (envelope_id !== undefined) acknowledged.add(envelope_id);
        server.emit('acknowledged');
      });
      client.send(JSON.stringify({ type: 'hello', num_connections: 1, connection_info: { app_id: 'A1' } }));
      server.emit('open');
    });
  });
  await new Promise<void>(resolve => https.listen(0, '127.0.0.1', resolve));

  return {
    port: (https.address() as AddressInfo).port,
    calls,
    of: method => calls.filter(call => call.method === method && call.authorization === `Bearer ${botToken}`),
    fail(status, times, fields = {}) {
      failing = { status, times, fields };
    },
    async press(payload) {
      const envelope_id = randomBytes(8).toString('hex');
      while (open.size === 0) await once(server, 'open');
      for (const client of open)
        client.send(JSON.stringify({ type: 'interactive', envelope_id, accepts_response_payload: true, payload }));
      while (!acknowledged.has(envelope_id)) await once(server, 'acknowledged');
    },
    refresh() {
      for (const client of open) client.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
    },
    get sockets() {
      return open.size;
    },
    trust(given) {
      authority = given;
    },
    close() {
      for (const client of open) client.terminate();
      https.closeAllConnections();
      return new Promise(resolve => https.close(() => resolve()));
    },
  };
}
