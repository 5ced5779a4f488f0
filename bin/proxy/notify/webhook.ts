/** Webhook: a notice as JSON, posted through our own proxy, which signs it on the way. */
import { inert, type Link, type Parcel, retryAfterOf, Undelivered } from '../../../src/notify/index.js';

const patience = 15_000;
/** Of an answer this much is read, for our own refusals. */
const longest = 4_096;

export interface Way {
  /** Of our proxy, `http://HOST:PORT`. */
  readonly origin: string;
  /** Of the run that it is sent in. */
  readonly token: string;
  readonly now: number;
  readonly gateway: string;
}

/** Posts it. The id is that of what is said, so that a receiver knows what it has had. Rejects `Undelivered`. */
export async function postWebhook(
  target: string,
  { id, notice, put }: Pick<Parcel, 'id' | 'notice' | 'put'>,
  links: readonly Link[] | null,
  { origin, token, now, gateway }: Way,
): Promise<void> {
  const { host, hostname, port, pathname, search } = new URL(target);
  const { event, ...data } = notice;
  const answer = await fetch(`${origin}/_/${host}${pathname}${search}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'webhook-id': id },
    body: JSON.stringify({
      type: `approval.${event}`,
      id,
      timestamp: new Date(put).toISOString(),
      data: { ...data, ...(links && { links }) },
    }),
    redirect: 'manual',
    signal: AbortSignal.timeout(patience),
  }).catch(() => {
    throw new Undelivered("it can't be reached");
  });
  // What else it says with a success is of no use, and may have no end.
  if (answer.ok && answer.status !== 202) return void answer.body?.cancel().catch(() => {});
  const text = await beginningOf(answer);
  const ours = refusal(text);
  // Ours is not the receiver's yes, and each further try would be one more message.
  if (ours?.startsWith('deferred: ')) throw new Undelivered(ours, { final: true });
  if (answer.ok) return;
  const retryAfter = retryAfterOf(answer.headers.get('retry-after'), now);
  // 410: the receiver wants no more of it (Standard Webhooks, "Deliverability").
  const resource = `host:${port === '' ? hostname : host}`;
  const remedy = ours?.startsWith('denied: No permission ')
    ? ` Set it with: tf permissions set --gateway ${gateway} --action http.post --resource ${resource} --effect allow`
    : '';
  throw new Undelivered(ours === null ? `status ${answer.status}` : ours + remedy, {
    retryAfter,
    final: answer.status === 410,
  });
}

async function beginningOf({ body }: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length >= longest) break;
    }
  } catch {
    // what there is of it will do
  }
  return text.slice(0, longest);
}

/** What our own proxy says. */
function refusal(text: string): string | null {
  try {
    const { code, detail, evidence_id } = JSON.parse(text) as { [member: string]: unknown };
    if (typeof code === 'string' && typeof detail === 'string' && evidence_id !== undefined)
      return inert(`${code}: ${detail}`);
  } catch {
    // a receiver's own words
  }
  return null;
}
