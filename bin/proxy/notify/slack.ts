/** Slack by its own SDK, through our own proxy: the token that the SDK has is that of a run, and becomes the bot's on the way. */
import type { WebClient } from '@slack/web-api';
import { Undelivered } from '../../../src/notify/index.js';
import type { Session } from './session.js';

/** What the SDK would say on the terminal is in the log, or in our own words. */
const nothing = (): void => {};
export const silent = {
  ...{ debug: nothing, info: nothing, warn: nothing, error: nothing, setLevel: nothing, setName: nothing },
  getLevel: (): never => 'error' as never,
};

/** Longer than Slack ever takes; one that needs an approval itself isn't worth the wait. */
const patience = 15_000;

export interface Slack {
  /** Calls a method. Rejects `Undelivered`. */
  call(method: string, argument: Record<string, unknown>): Promise<{ readonly [member: string]: unknown }>;
}

/** `origin` is that of our proxy, `http://HOST:PORT`. */
export function openSlack(session: Session, origin: () => string): Slack {
  let client: { readonly token: string; readonly web: WebClient } | null = null;
  return {
    async call(method, argument) {
      const token = await session.token();
      const sdk = await import('@slack/web-api');
      if (client?.token !== token)
        client = {
          token,
          web: new sdk.WebClient(token, {
            slackApiUrl: `${origin()}/_/slack.com/api/`,
            // The outbox tries again, also after a restart.
            retryConfig: { retries: 0 },
            rejectRateLimitedCalls: true,
            allowAbsoluteUrls: false,
            timeout: patience,
            logger: silent,
          }),
        };
      try {
        return { ...(await client.web.apiCall(method, argument)) };
      } catch (error) {
        if (error instanceof sdk.WebAPIRateLimitedError)
          throw new Undelivered('Slack asks to wait', { retryAfter: error.retryAfter * 1_000 });
        const said =
          error instanceof sdk.WebAPIPlatformError
            ? error.data.error
            : error instanceof sdk.WebAPIHTTPError
              ? sentence(error)
              : null;
        if (said !== null)
          throw new Undelivered(`${method}: ${said}${remedy(said, session.gateway, method, argument)}`, {
            // Each further try would be one more message.
            final: said.startsWith('deferred: '),
          });
        throw new Undelivered(`${method}: it can't be reached`);
      }
    },
  };
}

/** What Slack says when a token is worth nothing, or nothing any more. */
export const noToken = /^(invalid_auth|not_authed|token_revoked|token_expired|account_inactive)$/;

/** What our connector calls the methods that we use. */
const actions: Readonly<Record<string, string>> = {
  'chat.postMessage': 'slack.message.post',
  'chat.update': 'slack.message.update',
  'chat.postEphemeral': 'slack.message.post_ephemeral',
};

/** What an operator can do about it, as the end of a sentence. */
function remedy(said: string, gateway: string, method: string, { channel }: Record<string, unknown>): string {
  if (/^denied: No permission /.test(said))
    return ` Set it with: tf permissions set --gateway ${gateway} --action ${actions[method]} --resource channel:${String(channel)} --effect allow`;
  if (/^(channel_not_found|not_in_channel)$/.test(said))
    return `; invite the bot into the channel ${String(channel)}: /invite @NAME`;
  return noToken.test(said)
    ? `; set the bot's token with: tf secret set slack-bot --connector slack --gateway ${gateway}`
    : '';
}

/** What our own refusal says, or else the status. */
function sentence({ statusCode, body }: { readonly statusCode: number; readonly body?: unknown }): string {
  try {
    const { error } = JSON.parse(String(body)) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // not ours
  }
  return `status ${statusCode}`;
}
