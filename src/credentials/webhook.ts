/**
 * Webhooks that are signed (Standard Webhooks, https://www.standardwebhooks.com): the secret makes a signature over id, time and
 * body, and is never sent itself. The time is now, whatever the sender said: nobody signs for tomorrow.
 */
import { createHmac } from 'node:crypto';
import { Refusal } from '../errors.js';
import type { CanonicalRequest } from '../model.js';
import { isField } from './scheme.js';

const fields = { id: 'webhook-id', time: 'webhook-timestamp', signature: 'webhook-signature' } as const;

/** The value of `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `id.seconds.body`. `secret` is `whsec_` and base64. */
export function webhookSignature(secret: Buffer, id: string, seconds: number, body: Uint8Array): string {
  const key = Buffer.from(secret.subarray('whsec_'.length).toString('latin1'), 'base64');
  const hmac = createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64');
  key.fill(0);
  return `v1,${hmac}`;
}

/** Whether a request calls itself a webhook, whose receiver waits for a signature. */
export const isWebhook = ({ fields: own }: Pick<CanonicalRequest, 'fields'>): boolean =>
  own.some(field => isField(field, fields.id));

/**
 * The request with time and signature, in the place of what the sender had there; `body` is what is sent, and `now` in
 * milliseconds. Throws Refusal `credential_unavailable` for a request that can't be signed.
 */
export function signWebhook(
  request: CanonicalRequest,
  secret: Buffer,
  body: Uint8Array | 'stream' | null,
  now: number,
): { request: CanonicalRequest; replaced: boolean } {
  const unsigned = (why: string, next: string): never => {
    throw new Refusal('credential_unavailable', `The webhook can't be signed: ${why}.`, { next });
  };
  if (body === 'stream') return unsigned('its body is too long to be read before it is sent', 'Send less.');
  const ids = request.fields.filter(field => isField(field, fields.id)).map(([, value]) => value);
  // With a full stop in the id, another id and time could be read out of what is signed.
  if (ids.length !== 1 || !/^[\x21-\x2d\x2f-\x7e]{1,256}$/.test(ids[0]!))
    return unsigned('it needs one webhook-id, without a space or full stop', 'Send the field webhook-id.');
  const seconds = Math.floor(now / 1_000);
  const kept = request.fields.filter(field => !isField(field, fields.time) && !isField(field, fields.signature));
  return {
    request: {
      ...request,
      fields: [
        ...kept,
        [fields.time, String(seconds)],
        [fields.signature, webhookSignature(secret, ids[0]!, seconds, body ?? new Uint8Array())],
      ],
    },
    replaced: request.fields.some(field => isField(field, fields.signature)),
  };
}
