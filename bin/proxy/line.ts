/** The rooms of the line, furnished: what `src/gateway.ts` declares, from the parts of this process. */
import { findPlaceholder } from '../../src/credentials/index.js';
import { Refusal } from '../../src/errors.js';
import { openScanner } from '../../src/flags/index.js';
import type { Outcome, Outgoing, Rooms, Trace } from '../../src/gateway.js';
import { anew } from '../../src/http/authenticate.js';
import { openBodies } from '../../src/http/body.js';
import { decode } from '../../src/http/decode.js';
import { forward, requestHash } from '../../src/http/forward.js';
import { grpcAnswer, isGrpc } from '../../src/http/grpc.js';
import { carryTunnel, decodeTunnel } from '../../src/http/passthrough.js';
import { problemAnswer } from '../../src/http/problem.js';
import { openStalls } from '../../src/http/stall.js';
import { carryWebSocket } from '../../src/http/websocket.js';
import { endOf } from '../../src/identity/bearers.js';
import { refuseRemoved } from '../../src/identity/gateways.js';
import type { Run } from '../../src/identity/runs.js';
import type { CanonicalRequest, Context, Decision, Question, ResponseFacts, Subject } from '../../src/model.js';
import { loopSuspected, sameness, withinGrants } from '../../src/policy/index.js';
import { contextAt, grantOf, question, requestFacts, suspicionOf } from '../../src/policy/question.js';
import { checkBound, whileBound } from './bound.js';
import { openCredentials } from './credentials.js';
import type { Parts } from './data-path.js';
import { deferralOf, dueDecision } from './deferred.js';
import { openLookUp } from './facts.js';
import { held } from './held.js';
import { bodyLimits } from './limits.js';
import { rewriteOf } from './offers.js';
import { openSpending } from './spending.js';

/** Furnishes the line. */
export function openLine(parts: Parts): Rooms {
  const { house, guard, catalog } = parts;
  const readBody = openBodies(bodyLimits(house.config.limits));
  const scanner = openScanner();
  const stalls = openStalls(house.config.limits.stall);
  const now = house.now;
  const { timezone } = house.config;

  const credentials = openCredentials(parts);
  const lookUp = openLookUp(parts, credentials);

  /** The policy is asked once more, about an answer that can't be searched. Nobody can approve what is here already. */
  const judgeAnswer = async (trace: Trace, response: ResponseFacts): Promise<void> => {
    const { effect, rule, reason } = await house.policy.decide({ ...trace.question!, response });
    trace.unscannable = { response, rule };
    if (effect === 'allow') return;
    const why =
      effect === 'deny' ? reason : `The policy says ${effect} about an answer, which can't be held back for it.`;
    throw new Refusal('denied', `${why} The request was sent, and may have taken effect.`, {
      rule,
      next: 'Look whether it took effect before you send it again; ask for the answer without a Content-Encoding.',
    });
  };

  /** The run, unless its token is shown by a process of another one. */
  const owned = (run: Run, stranger: string | null, peer: string): Run => {
    if (stranger === null) return run;
    const reason = `The token belongs to another run than the process that shows it, which is of ${stranger}.`;
    throw guard.stranger(peer, run.stored.gateway, reason);
  };

  return {
    authenticate(exchange, { client }) {
      const run = exchange.run ?? guard.authenticate(exchange.credentials, exchange.peer);
      const end = endOf(run, now());
      if (end !== null) throw new Refusal('unauthenticated', end, { next: anew });
      checkBound(parts, run);
      const looking = client === null ? null : parts.peers(client, run);
      return looking === null ? run : looking.then(stranger => owned(run, stranger, exchange.peer));
    },
    checkKill(to) {
      house.kill.check(to);
      refuseRemoved(to, house.gateways.find);
    },
    async decode(exchange, { subject }) {
      if (exchange.tunnel !== undefined) return decodeTunnel(exchange.tunnel);
      const head = decode(exchange.head);
      exchange.proceed();
      const body = await readBody(head, exchange.source, subject.id);
      const { scheme, host, port, method, path, query, fields, upgrade } = head;
      const request: CanonicalRequest = Object.freeze({
        scheme,
        host,
        port,
        method,
        path,
        query,
        fields,
        upgrade,
        body: body.facts,
        content: body.content,
      });
      return { request, hash: requestHash(request), payload: body.stream ?? body.bytes, release: body.release };
    },
    classify: request => catalog.classify(request),
    lookUp,
    inspect(request, meaning) {
      // Where an SDK puts its key is the connector's to know; what is taken away there isn't sent.
      const place = findPlaceholder(credentials.withoutOwn(request, meaning).request, null);
      if (place !== null)
        throw new Refusal(
          'denied',
          `A placeholder for a credential stands in ${place}, where it would be sent to the upstream.`,
          { rule: 'placeholder', next: 'Send it only where the API takes its credential.' },
        );
    },
    ask(caller, request, meaning) {
      const { subject } = caller;
      const { repeats } = house.policy;
      const same = repeats.counted(subject.chain) ? sameness(subject.run, request, meaning) : null;
      const counted = house.count(subject.id, same);
      const asking = (counters: Context['counters']): Question => {
        const { confidence, flags: suspected, found } = scanner.request(request, meaning);
        const flags = [
          ...suspected,
          ...(request.method === 'CONNECT' ? ['uninspected'] : []),
          ...(same !== null && repeats.exceeded({ subject, ...meaning }, counters) ? [loopSuspected] : []),
        ];
        return question(caller, request, meaning, contextAt(now(), counters, flags, { timezone, confidence, found }));
      };
      return counted instanceof Promise ? counted.then(asking) : asking(counted);
    },
    decide(asked, caller) {
      const within = (decision: Decision): Decision => withinGrants(decision, asked, caller, house.gateways.find);
      const decided = house.policy.decide(asked);
      const decision = decided instanceof Promise ? decided.then(within) : within(decided);
      return caller.deferral === undefined ? decision : dueDecision(decision);
    },
    reserve: openSpending(house),
    async record(asked, decision, decoded, meaning) {
      const secret = credentials.secretFor(asked, decision, decoded.request, meaning);
      const allowed = credentials.allowedFor(asked, decoded, secret);
      const entry = {
        type: 'action.decided',
        run: asked.subject.run,
        subject: asked.subject,
        grant: asked.grant,
        action: asked.action,
        resource: asked.resource,
        ...(asked.also && { also: asked.also }),
        request: asked.request,
        ...suspicionOf(asked.context),
        decision: { ...decision, secret },
      } as const;
      if (decision.effect !== 'allow') return { evidence: (await house.log.record(entry)).id, allowed, permit: null };
      const { recorded, permit } = await house.log.allow(entry, allowed);
      return { evidence: recorded.id, allowed, permit };
    },
    approve(trace, allowed, flight, decoded) {
      const deferring = deferralOf(trace, allowed, decoded);
      if (deferring !== null) return house.deferrals.await(deferring);
      return held(flight, house.kill, () =>
        whileBound(parts, trace, confirm => house.approvals.await(trace, flight, allowed, confirm)),
      );
    },
    inject: (permit, decoded, meaning) => credentials.outgoing(permit, decoded, meaning),
    forward(permit, outgoing, exchange, flight, trace) {
      const judge = (facts: ResponseFacts): Promise<void> => judgeAnswer(trace, facts);
      const headTime = house.config.limits.response_head;
      const watcher = trace.reserved?.watcher ?? null;
      const rewrite = rewriteOf(house, trace);
      const options = {
        upstream: parts.upstreamFor(permit.allowed.run),
        now,
        judge,
        stalls,
        headTime,
        watcher,
        rewrite,
      };
      if (exchange.tunnel !== undefined) return carryTunnel(permit, outgoing, exchange, flight, options);
      // What was judged decides what is carried; Node's parser and ours must agree on what it is.
      if ((exchange.upgrade === null) !== (outgoing.request.upgrade === null))
        throw new Refusal('malformed_request', 'Whether the request asks for an upgrade can be read in two ways.');
      return exchange.upgrade === null
        ? forward(permit, outgoing, exchange, flight, options)
        : carryWebSocket(permit, outgoing, exchange, flight, options);
    },
    settle(trace, outcome, outgoing) {
      if (outcome.status === 401 && outgoing?.leased !== undefined) house.vault.refused?.(outgoing.leased);
      const usage = trace.reserved?.settle(outcome, outgoing !== null) ?? null;
      house.log.note({ ...completion(trace, outcome, outgoing), ...(usage && { usage }) });
    },
    async refuse(exchange, refusal, trace) {
      const context = {
        gateway: trace.caller?.subject.id ?? null,
        meaning: trace.meaning,
        connector: catalog.forHost(exchange.head.tunnel?.host ?? ''),
        rule: refusal.extra.rule ?? trace.decision?.rule ?? null,
        pendingStatus: house.config.approvals.pending_status,
        direct: exchange.head.direct !== undefined,
        agent: userAgent(exchange.head.rawHeaders),
      };
      let evidence = trace.evidence ?? (await rejectedBy(refusal));
      let final = refusal;
      if (evidence === null && trace.caller !== null) {
        try {
          evidence = (await house.log.record(refusedEntry(trace, refusal))).id;
        } catch (error) {
          if (error instanceof Refusal) final = error;
        }
      }
      if (refusal.extra.rule === 'permit')
        house.log.note(permitRejected(trace.caller?.subject ?? null, trace.evidence, refusal));
      if (refusal.extra.cause !== undefined) parts.diagnose(refusal.extra.cause);
      const wait = final.code === 'unauthenticated' ? guard.delay(exchange.peer) : 0;
      if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
      const problem = problemAnswer(final, { ...context, evidence });
      const grpc = exchange.http2 && isGrpc(exchange.head.method, exchange.head.rawHeaders);
      exchange.answer(grpc ? grpcAnswer(final, problem) : problem, closing.has(final.code));
    },
  };
}

/** After these the connection is not used again: its framing, or its owner, is in doubt. */
const closing: ReadonlySet<string> = new Set([
  'malformed_request',
  'authority_mismatch',
  'unauthenticated',
  'killed',
  'proxy_error',
]);

function userAgent(raw: readonly string[]): string {
  const at = raw.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'user-agent');
  return at < 0 ? '' : raw[at + 1]!;
}

/** Id of the entry that whoever refused it has made, if it is there. */
async function rejectedBy({ extra }: Refusal): Promise<string | null> {
  try {
    return (await extra.evidence) ?? null;
  } catch {
    return null;
  }
}

/** The entry of a request that was refused before a decision was recorded: what was known of it by then. */
function refusedEntry(trace: Trace, refusal: Refusal) {
  const { caller, request, meaning, question: asked } = trace;
  const also = asked?.also ?? meaning?.also;
  return {
    type: 'action.decided',
    run: caller!.subject.run,
    subject: caller!.subject,
    grant: asked?.grant ?? grantOf(caller!),
    action: asked?.action ?? meaning?.action ?? null,
    resource: asked?.resource ?? meaning?.resource ?? null,
    ...(also && { also: also.map(({ action, resource }) => ({ action, resource })) }),
    request: asked?.request ?? (request === null ? null : requestFacts(request)),
    decision: {
      effect: 'deny',
      rule: refusal.extra.rule ?? refusal.code,
      reason: refusal.message,
      secret: null,
      policy_sha256: trace.decision?.policy_sha256 ?? null,
    },
  } as const;
}

/** The entry of a permit that an executor did not accept. */
const permitRejected = (subject: Subject | null, decided: string | null, { message }: Refusal) =>
  ({
    type: 'permit.rejected',
    run: subject?.run ?? null,
    gateway: subject?.id ?? null,
    decided,
    reason: message,
  }) as const;

function completion(trace: Trace, outcome: Outcome, outgoing: Outgoing | null) {
  return {
    type: 'action.completed',
    run: trace.caller?.subject.run ?? null,
    gateway: trace.caller?.subject.id ?? null,
    decided: trace.evidence,
    status: outcome.status ?? trace.unscannable?.response.status ?? null,
    error: outcome.error,
    bytes_sent: outcome.bytesSent,
    bytes_received: outcome.bytesReceived,
    duration_ms: Math.round(performance.now() - trace.started),
    request_sha256: trace.request?.body.sha256 ?? null,
    response_sha256: outcome.responseSha256,
    credential: outgoing === null || outgoing.credential === '' ? null : outgoing.credential,
    replaced: outgoing?.replaced ?? false,
    scrubbed: outcome.scrubbed,
    ...(trace.unscannable === null ? {} : { scannable: false, ...trace.unscannable }),
  } as const;
}
