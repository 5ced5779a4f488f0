/**
 * Socket Mode: buttons come back over a WebSocket that we open. Both the call that asks for its address and the socket itself
 * go through our own proxy, under a gateway that holds the app's token. https://docs.slack.dev/apis/events-api/using-socket-mode
 */
import type { SocketModeClient } from '@slack/socket-mode';
import { Undelivered } from '../../../src/notify/index.js';
import type { Session } from './session.js';
import { noToken, silent } from './slack.js';

interface Options {
  readonly session: Session;
  /** Of our proxy, `http://HOST:PORT`. */
  readonly origin: () => string;
  /** PEM of the authority that our proxy's certificates are signed by. */
  readonly ca: string;
  /** Milliseconds until the next try, after so many that failed. */
  delay(failures: number): number;
  /** What Slack sent; it has had its acknowledgement. */
  received(payload: unknown): void;
  /** Why there is no connection, or null when there is one. */
  state(fault: string | null): void;
}

export interface SocketMode {
  readonly connected: boolean;
  close(): void;
}

/** A connection that ends sooner, in milliseconds, is as good as none. */
const brief = 10_000;

/** Connects, and again whenever the connection ends. */
export function openSocketMode({ session, origin, ca, delay, received, state }: Options): SocketMode {
  let closed = false;
  let connected = false;
  let client: SocketModeClient | null = null;
  let timer: NodeJS.Timeout | null = null;
  let failures = 0;
  /** Connections in a row that ended soon. */
  let short = 0;

  async function connect(): Promise<void> {
    const token = await session.token();
    const [{ SocketModeClient }, { ProxyAgent }] = await Promise.all([import('@slack/socket-mode'), import('undici')]);
    const dispatcher = new ProxyAgent({
      uri: origin(),
      token: `Bearer ${token}`,
      requestTls: { ca },
      allowH2: false,
    });
    const mine = new SocketModeClient({
      // Never sent: our proxy puts the app's token in its place.
      appToken: 'xapp-0-tfplaceholder',
      dispatcher,
      logger: silent,
      autoReconnectEnabled: false,
      clientOptions: { retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: 15_000 },
    });
    client = mine;
    mine.on('interactive', ({ ack, body }: { ack(): Promise<void>; body: unknown }) => {
      // First: Slack waits three seconds. If that is lost Slack sends it again, and a second press changes nothing.
      void ack().catch(() => {});
      received(body);
    });
    const ended = new Promise<void>(resolve => mine.once('disconnected', () => resolve()));
    try {
      await mine.start();
      if (closed) return void mine.disconnect().catch(() => {});
      connected = true;
      failures = 0;
      state(null);
      const since = Date.now();
      await ended;
      short = Date.now() - since < brief ? short + 1 : 0;
    } finally {
      connected = false;
      void dispatcher.destroy().catch(() => {});
    }
  }
  async function again(): Promise<void> {
    try {
      await connect();
    } catch (error) {
      failures += 1;
      state(error instanceof Undelivered ? error.message : faultOf(error, session.gateway));
    }
    if (closed) return;
    timer = setTimeout(() => void again(), delay(failures + short + 1));
    timer.unref();
  }
  void again();
  return {
    get connected() {
      return connected;
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      // Its promise waits for Slack's own goodbye; the end of the run doesn't.
      void client?.disconnect().catch(() => {});
    },
  };
}

/** What the SDK makes of an answer: Slack's own code, or our refusal in its place; nothing when the WebSocket was refused. */
function faultOf(error: unknown, gateway: string): string {
  const said = (error as { data?: { error?: unknown } } | undefined)?.data?.error;
  const remedy = noToken.test(String(said))
    ? `; set the app's token with: tf secret set slack-app --connector slack --gateway ${gateway}`
    : String(said).startsWith('denied: No permission ')
      ? ` Set it with: tf permissions set --gateway ${gateway} --action slack.apps.connections.open --effect allow`
      : '';
  if (typeof said === 'string') return `apps.connections.open: ${said}${remedy}`;
  return `the WebSocket doesn't open; why is in: tf logs --gateway ${gateway}`;
}
