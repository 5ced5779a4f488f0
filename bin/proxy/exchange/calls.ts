/**
 * Calls: the requests of an exchange, each recorded as an allow of its own before it is sent, and completed after. They go
 * out as every request does: judged address, verified TLS, one permit.
 */
import { hash } from 'node:crypto';
import { type Answer, type Call, NeedleSet } from '../../../src/credentials/index.js';
import { fetchWhole } from '../../../src/http/fetch.js';
import { requestHash } from '../../../src/http/forward.js';
import { belonging, type KillSwitch } from '../../../src/identity/kill.js';
import type { Log } from '../../../src/log/index.js';
import type { Action, BodyFacts, CanonicalRequest, Subject } from '../../../src/model.js';
import { requestFacts } from '../../../src/policy/question.js';
import { completed } from '../completed.js';
import type { Upstreams } from '../upstreams.js';

/** For whom, and for what, an exchange is made. */
export interface Errand {
  readonly subject: Subject;
  readonly connector: string;
  /** Id of the entry of the decision that needs it. */
  readonly evidence: string;
  readonly secret: string;
  readonly version: number;
  readonly scheme: string;
}

export interface CallParts {
  readonly log: Pick<Log, 'allow' | 'note'>;
  readonly kill: Pick<KillSwitch, 'check'>;
  readonly policy: { readonly digest: string };
  readonly upstreams: Upstreams;
  readonly now: () => number;
}

/** Sends one; what came back, and the id of its entry. Rejects `Refusal`, unless the call is optional. */
export type SendCall = (errand: Errand, call: Call) => Promise<{ answer: Answer; evidence: string }>;

/** Milliseconds that an answer may take. */
const limit = 10_000;

const none = new NeedleSet([]);

/** The canonical form of a call: what its permit is bound to, body and all. */
function requestOf({ method, url, fields }: Call, content: Buffer | null): CanonicalRequest {
  const facts: BodyFacts =
    content === null
      ? { state: 'none', bytes: 0 }
      : { state: 'complete', bytes: content.length, sha256: hash('sha256', content, 'hex') };
  const { hostname, port, pathname, search } = new URL(url);
  return Object.freeze({
    scheme: 'https',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 443 : Number(port),
    method,
    path: pathname,
    query: search.slice(1),
    fields: fields.map(([name, value]) => [name, value] as const),
    body: facts,
    content: null,
    upgrade: null,
  });
}

export function openCalls({ log, kill, policy, upstreams, now }: CallParts): SendCall {
  async function send({ subject, connector, evidence, secret, version, scheme }: Errand, call: Call) {
    const payload = call.body === null ? null : Buffer.from(call.body);
    const request = requestOf(call, payload);
    // To clean up behind ourselves is not what a kill is to stop.
    const checkKill = (): void => {
      if (call.optional !== true) kill.check(belonging(subject, connector));
    };
    checkKill();
    const action: Action = {
      name: 'credential.exchange',
      connector,
      access: 'read',
      parameters: { step: call.step, scheme },
      unknown: [],
    };
    const { sha256: _, ...body } = request.body;
    const { recorded, permit } = await log.allow(
      {
        type: 'action.decided',
        run: subject.run,
        subject,
        grant: null,
        action,
        resource: { type: 'secret', id: secret },
        // Without the digest of a body that is a secret and little else.
        request: { ...requestFacts(request), body },
        decision: {
          effect: 'allow',
          rule: 'exchange',
          reason: `What is sent for ${evidence} is made from the secret ${secret}.`,
          secret,
          policy_sha256: policy.digest,
        },
      },
      {
        gateway: subject.id,
        run: subject.run,
        request: requestHash(request),
        host: request.host,
        port: request.port,
        scheme: 'https',
        connector,
        // The vault has given it out already, for the request that needs it.
        secret: null,
      },
    );
    const credential = `${secret}@${version}`;
    return completed(log, subject, recorded.id, 'exchange_failed', async course => {
      course.credential = credential;
      const outgoing = { request, payload, hash: permit.allowed.request, replaced: false, credential, needles: none };
      const upstream = upstreams.for(subject.run);
      const answer = await fetchWhole(permit, outgoing, { upstream, now, checkKill, limit });
      course.status = answer.status;
      return { answer, evidence: recorded.id };
    });
  }
  return (errand, call) =>
    call.optional !== true
      ? send(errand, call)
      : send(errand, call).catch(() => ({ answer: { status: 0, fields: [], body: null }, evidence: '' }));
}
