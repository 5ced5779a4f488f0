/** Deeds: the calls of the SDK with any body, as a client without the SDK sends them. */
import { request } from 'node:http';
import type { Agent } from '../http/agent.js';

/** What is said to one. */
export interface Said {
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
  readonly evidenceId?: string;
  readonly evidence_id?: string;
}

/** Asks as this agent, or by another token; a text is sent as it is. */
export const deedsOf =
  ({ port, token }: Agent) =>
  (route: string, body: string | object, by = token, signal?: AbortSignal): Promise<Said> =>
    new Promise((resolve, reject) => {
      const asking = request(
        `http://127.0.0.1:${port}/_/tollfence/v1/${route}`,
        { method: 'POST', agent: false, headers: { authorization: `Bearer ${by}` }, ...(signal && { signal }) },
        answer => {
          let text = '';
          answer.on('data', (piece: Buffer) => {
            text += piece.toString();
          });
          answer.once('end', () => resolve({ status: answer.statusCode!, ...(JSON.parse(text) as object) }));
          answer.once('error', reject);
        },
      );
      asking.once('error', reject);
      asking.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
