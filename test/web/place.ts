/** Place: the pages on a port of their own, over links that are kept in memory; and a raw client, as a browser is. */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Approval } from '../../src/approvals/index.js';
import type { Links } from '../../src/approvers/index.js';
import { serveWeb, type Web } from '../../src/web/index.js';

/** What the pages answered. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An approval as an agent may cause it. */
export const approval = (more: Partial<Approval> = {}): Approval =>
  ({
    id: 'apr_1',
    state: 'pending',
    gateway: 'deploy-agent',
    run: 'run_1',
    subject: {
      type: 'agent',
      id: 'deploy-agent',
      environment: '',
      labels: {},
      run: 'run_1',
      chain: ['deploy-agent'],
      runs: ['run_1'],
      user: { sub: 'carol' },
      workload: {},
    },
    grant: null,
    grants: [],
    action: { name: 'http.post', connector: 'http', access: 'write', parameters: { title: 'Hello' }, unknown: [] },
    resource: { type: 'url', id: 'upstream.test/pay' },
    flags: [],
    why: 'It costs money.',
    rule: 'perm_1',
    request: {
      method: 'POST',
      scheme: 'https',
      host: 'upstream.test',
      port: 443,
      path: '/pay',
      query: '',
      body: { state: 'none', bytes: 0 },
    },
    secret: null,
    binding: 'b'.repeat(64),
    resource_binding: 'c'.repeat(64),
    policy_sha256: 'd'.repeat(64),
    decided: 'ev_1',
    requested_at: '2026-01-01T00:00:00.000Z',
    expires_at: '2026-01-01T00:15:00.000Z',
    demands: [{ approvers: [], approvals: 1 }],
    yes: [],
    scope: null,
    used: 0,
    difference: null,
    by: null,
    reason: null,
    told: false,
    ...more,
  }) satisfies Approval;

/** Serves one good link over this approval; `answers` are the verdicts that were given. */
export async function openPlace(
  shown: Approval,
  context: { after(fn: () => void): void },
  { url, now = Date.now }: { readonly url?: string; readonly now?: () => number } = {},
): Promise<{ web: Web; port: number; path: string; answers: string[]; ask: typeof ask }> {
  const token = randomBytes(32).toString('base64url');
  const answers: string[] = [];
  const links: Pick<Links, 'look' | 'answer'> = {
    look: given =>
      given === token
        ? { approver: 'alice', expires_at: '2026-01-01T00:15:00.000Z', approval: shown, over: '' }
        : undefined,
    answer(_, verdict, reason) {
      answers.push(`${verdict} ${reason}`);
      return Promise.resolve({ ...shown, state: verdict });
    },
  };
  const web = await serveWeb({ links, now, listen: { host: '127.0.0.1', port: 0 }, ...(url && { url }) });
  context.after(() => web.close());
  const port = Number(new URL(web.place.hosts.values().next().value!.replace(/^/, 'http://')).port);
  function ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      call.once('error', reject);
      call.end(body);
    });
  }
  return { web, port, path: `/a/${token}`, answers, ask };
}
