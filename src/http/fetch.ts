/** Fetch: one small request of our own, for facts that a decision needs, or for a token. Bounded in time and size. */
import type { Outgoing } from '../gateway.js';
import type { Field } from '../model.js';
import type { Permit } from '../permit.js';
import { tooLate, upstreamRefusal } from './dial.js';
import { admit, type ForwardOptions, printFields } from './forward.js';
import { printTarget } from './target.js';

const usualLimit = 2_000;
const maxBytes = 1 << 20;

/** What came back; null body when it was longer than 1 MiB. */
export interface Fetched {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Buffer | null;
}

/**
 * Sends a permitted request, its body too if that is at hand, and reads its whole answer; a redirect is an answer as any
 * other. Rejects `Refusal` on any fault, and after `limit` ms (2 s). `checkKill` is asked immediately before the first
 * byte, and throws if nothing may leave any more.
 */
export function fetchWhole(
  permit: Permit,
  outgoing: Outgoing,
  options: ForwardOptions & { readonly checkKill: () => void; readonly limit?: number },
): Promise<Fetched> {
  admit(permit, outgoing, options.now());
  const { request, payload } = outgoing;
  const pool = options.upstream.pool(permit.allowed.gateway, request, outgoing.credential);
  return new Promise((resolve, fail) => {
    const reject = (error: unknown): void => fail(upstreamRefusal(error, request));
    const chunks: Buffer[] = [];
    let length = 0;
    let status = 0;
    let fields: Field[] = [];
    let late: Error | null = null;
    let abort = (_: Error): void => {};
    const timer = setTimeout(() => {
      late = tooLate(request);
      reject(late);
      abort(late);
    }, options.limit ?? usualLimit);
    pool.dispatch(
      {
        path: printTarget(request.path, request.query),
        method: request.method,
        headers: printFields(outgoing),
        body: Buffer.isBuffer(payload) ? payload : null,
      },
      {
        onRequestStart(controller) {
          abort = error => controller.abort(error);
          // It may have had to wait for its connection for longer than anybody has waited for it.
          if (late !== null) return controller.abort(late);
          try {
            options.checkKill();
          } catch (error) {
            controller.abort(error as Error);
          }
        },
        onResponseStart(controller, code) {
          status = code;
          const raw = ((controller.rawHeaders ?? []) as Buffer[]).map(text => text.toString('latin1'));
          fields = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []));
        },
        onResponseData(controller, chunk) {
          length += chunk.length;
          if (length <= maxBytes) return void chunks.push(Buffer.from(chunk));
          clearTimeout(timer);
          resolve({ status, fields, body: null });
          controller.abort(new Error('The answer is too long.'));
        },
        onResponseEnd() {
          clearTimeout(timer);
          resolve({ status, fields, body: Buffer.concat(chunks) });
        },
        onResponseError(_, error) {
          clearTimeout(timer);
          reject(error);
        },
      },
    );
  });
}
