/**
 * Providers: the documents that tokens of users and workloads are verified with. They are fetched as everything is that
 * leaves: recorded, under a permit, over the configured way, with verified TLS.
 */
import type { Config } from '../../src/config.js';
import { NeedleSet } from '../../src/credentials/index.js';
import { fetchWhole } from '../../src/http/fetch.js';
import { requestHash } from '../../src/http/forward.js';
import { alone, type KillSwitch } from '../../src/identity/kill.js';
import type { Oidc } from '../../src/identity/oidc/index.js';
import type { Log } from '../../src/log/index.js';
import type { CanonicalRequest, Subject } from '../../src/model.js';
import { requestFacts } from '../../src/policy/question.js';
import { completed } from './completed.js';
import type { Upstreams } from './upstreams.js';

export interface ProviderParts {
  readonly config: Pick<Config, 'oidc'>;
  readonly log: Pick<Log, 'allow' | 'note'>;
  readonly kill: Pick<KillSwitch, 'check'>;
  readonly policy: { readonly digest: string };
  readonly upstreams: Upstreams;
  readonly now: () => number;
}

/** Milliseconds that a document may take. */
const limit = 10_000;

/** Who asks: nobody's agent, under a name that no gateway can have. */
const own: Subject = Object.freeze({
  type: 'agent',
  id: 'tollfence:oidc',
  environment: '',
  labels: Object.freeze({}),
  run: '',
  chain: Object.freeze(['tollfence:oidc']),
  runs: Object.freeze([]),
  user: Object.freeze({ sub: 'tollfence' }),
  workload: Object.freeze({}),
});

function requestFor(url: string): CanonicalRequest {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  return Object.freeze({
    scheme,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
    method: 'GET',
    path: pathname,
    query: search.slice(1),
    fields: [['Accept', 'application/json'] as const],
    body: { state: 'none', bytes: 0 } as const,
    content: null,
    upgrade: null,
  });
}

/** Gets one document; a redirect is none. Rejects with a sentence. */
async function get({ log, kill, policy, upstreams, now }: ProviderParts, url: string): Promise<string> {
  const request = requestFor(url);
  const checkKill = (): void => kill.check(alone(own.id, '', 'oidc'));
  checkKill();
  const hash = requestHash(request);
  const { host, port, scheme } = request;
  const { recorded, permit } = await log.allow(
    {
      type: 'action.decided',
      run: null,
      subject: own,
      grant: null,
      action: { name: 'oidc.keys', connector: 'oidc', access: 'read', parameters: {}, unknown: [] },
      resource: { type: 'host', id: host },
      request: requestFacts(request),
      decision: {
        effect: 'allow',
        rule: 'oidc',
        reason: 'A token of this issuer is to be verified.',
        secret: null,
        policy_sha256: policy.digest,
      },
    },
    { gateway: own.id, run: '', request: hash, host, port, scheme, connector: 'oidc', secret: null },
  );
  return completed(log, own, recorded.id, 'oidc_failed', async course => {
    const outgoing = { request, payload: null, hash, replaced: false, credential: '', needles: none };
    const answer = await fetchWhole(permit, outgoing, { upstream: upstreams.for(''), now, checkKill, limit });
    course.status = answer.status;
    if (answer.status !== 200) throw new Error(`${host} answered ${answer.status}.`);
    if (answer.body === null) throw new Error(`${host} sent more than 1 MiB.`);
    return answer.body.toString('utf8');
  });
}

const none = new NeedleSet([]);

/** Loads what verifies tokens when there is one to verify. */
export function openProviders(parts: ProviderParts): Oidc {
  let opened: Promise<Oidc> | null = null;
  const open = (): Promise<Oidc> => {
    opened ??= import('../../src/identity/oidc/index.js').then(({ openOidc }) =>
      openOidc(parts.config.oidc, url => get(parts, url), parts.now),
    );
    return opened;
  };
  return {
    user: async (token, nonce) => (await open()).user(token, nonce),
    workload: async token => (await open()).workload(token),
  };
}
