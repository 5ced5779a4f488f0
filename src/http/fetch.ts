/** Fetch: one small request of our own to an API, for facts that a decision needs. Bounded in time and size. */
import type { Outgoing } from '../gateway.js';
import type { Permit } from '../permit.js';
import { admit, type ForwardOptions, printFields } from './forward.js';
import { printTarget } from './target.js';

const deadline = 2_000;
const maxBytes = 1 << 20;

/** What came back; null body when it was longer than 1 MiB. */
export interface Fetched {
  readonly status: number;
  readonly body: Buffer | null;
}

/**
 * Sends a permitted request and reads its whole answer. Rejects on any fault, and after 2 s. `checkKill` is asked
 * immediately before the first byte, and throws if nothing may leave any more.
 */
export function fetchWhole(
  permit: Permit,
  outgoing: Outgoing,
  options: ForwardOptions & { readonly checkKill: () => void },
): Promise<Fetched> {
  admit(permit, outgoing, options.now());
  const { request } = outgoing;
  const pool = options.upstream.pool(permit.allowed.gateway, request, outgoing.credential);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let status = 0;
    let abort = (error: Error): void => reject(error);
    const timer = setTimeout(() => {
      const late = new Error('The answer took too long.');
      abort(late);
      reject(late);
    }, deadline);
    pool.dispatch(
      { path: printTarget(request.path, request.query), method: request.method, headers: printFields(outgoing) },
      {
        onRequestStart(controller) {
          abort = error => controller.abort(error);
          try {
            options.checkKill();
          } catch (error) {
            controller.abort(error as Error);
          }
        },
        onResponseStart(_, code) {
          status = code;
        },
        onResponseData(_, chunk) {
          length += chunk.length;
          if (length <= maxBytes) chunks.push(Buffer.from(chunk));
        },
        onResponseEnd() {
          clearTimeout(timer);
          resolve({ status, body: length <= maxBytes ? Buffer.concat(chunks) : null });
        },
        onResponseError(_, error) {
          clearTimeout(timer);
          reject(error);
        },
      },
    );
  });
}
