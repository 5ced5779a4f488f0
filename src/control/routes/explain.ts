/** What would be decided about a request, now or at another time, and why. Nothing is sent, counted or recorded. */
import { lookedUp } from '../../action/lookup.js';
import { matchesPattern } from '../../action/pattern.js';
import { exitCode, Fault, Refusal } from '../../errors.js';
import { decode } from '../../http/decode.js';
import { decodeTunnel, hostList } from '../../http/passthrough.js';
import { parseAuthority } from '../../http/target.js';
import { refuseRemoved } from '../../identity/gateways.js';
import type { Action, CanonicalRequest, Decision, Grant, Permission, Question, Subject } from '../../model.js';
import { frozenBy, hoursHold, parseHours, pointIn, printWall, withinGrants } from '../../policy/index.js';
import { contextAt, question } from '../../policy/question.js';
import { list, text } from '../fields.js';
import type { Call, Route } from '../server.js';

/** A CONNECT is an action only where its tunnel isn't read; everywhere else the requests within are judged. */
function tunnelIn({ house, body }: Call): CanonicalRequest {
  const [, named = ''] = /^https:\/\/([^/?#]+)\/?$/i.exec(text(body.url)) ?? [];
  if (named === '')
    throw new Fault(exitCode.usage, 'A CONNECT names a host and nothing else.', 'For example: https://example.com');
  const authority = parseAuthority(named, 'https', 443);
  if (hostList(house.config.passthrough)(authority.host)) return decodeTunnel({ authority }).request;
  throw new Fault(
    exitCode.usage,
    `A tunnel to ${authority.host} is not judged, because it is read: the requests in it are.`,
    'Ask about one of those. Only tunnels to hosts on passthrough are judged as a whole.',
  );
}

/** The request as it would be judged. */
function requestIn({ body }: Call): CanonicalRequest {
  const rawHeaders = list(body.headers).flatMap(line => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Fault(exitCode.usage, `"${line}" is not a header: write NAME: VALUE.`);
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const content = typeof body.data === 'string' ? Buffer.from(body.data) : null;
  if (content !== null && !rawHeaders.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')) {
    rawHeaders.push(
      'Content-Type',
      /^\s*[[{]/.test(content.toString()) ? 'application/json' : 'application/x-www-form-urlencoded',
    );
  }
  if (content !== null) rawHeaders.push('Content-Length', String(content.length));
  if (!/^https?:\/\//i.test(text(body.url)))
    throw new Fault(
      exitCode.usage,
      `"${text(body.url)}" is not a URL: write it in full.`,
      'For example: https://api.github.com/repos/acme/site/issues',
    );
  const head = decode({
    method: text(body.method).toUpperCase(),
    target: text(body.url),
    rawHeaders,
    tunnel: null,
    sni: null,
  });
  return {
    ...head,
    body:
      content === null
        ? { state: 'none', bytes: 0 }
        : {
            state: 'complete',
            bytes: content.length,
            ...(head.mediaType === null ? {} : { media_type: head.mediaType }),
          },
    content,
  };
}

/** The time that is asked about, in ms; now unless the call names one. */
function timeIn({ house, body }: Call): number {
  if (body.at === undefined || body.at === null) return house.now();
  const point = pointIn(text(body.at), house.config.timezone);
  if (point !== null) return point.first;
  throw new Fault(
    exitCode.usage,
    `${JSON.stringify(body.at)} is not a time.`,
    `Write it in ${house.config.timezone}, as in 2026-12-24T12:00, or with an offset, as in 2026-12-24T12:00Z.`,
  );
}

/** The permissions of a gateway that speak of one of these actions. */
const about = ({ house }: Call, gateway: string, actions: readonly Action[]): Permission[] =>
  house.gateways
    .permissions(gateway)
    .filter(({ action: pattern }) =>
      actions.some(({ name, aliases = [] }) => [name, ...aliases].some(each => matchesPattern(pattern, each, '.'))),
    );

/** What the time has to say: which clock, which hours don't hold, which freezes do. */
function moment(call: Call, at: number, asked: Question, speaking: readonly Permission[]) {
  const { timezone } = call.house.config;
  const parsed = ({ hours }: Permission) => (hours === undefined ? undefined : parseHours(hours).hours);
  return {
    ...{ time: asked.context.time, timezone, local: printWall(timezone, at), weekday: asked.context.weekday },
    not_now: speaking
      .filter(permission => parsed(permission) && !hoursHold(parsed(permission)!, timezone, at))
      .map(({ id, effect, hours }) => ({ permission: id, effect, hours })),
    frozen: call.house.freezes.list().filter(freeze => frozenBy([freeze], asked) !== null),
  };
}

/** How its limits stand, and what they would refuse now. Of another time nobody knows. */
function limitsNow({ house, body }: Call, decision: Decision, meaning: Parameters<typeof house.overLimit>[1]) {
  if (body.at !== undefined && body.at !== null) return { limits: [], over_limit: null };
  const permissions = house.gateways.permissions().filter(({ id }) => decision.limits?.includes(id));
  const refused = house.overLimit(decision, meaning);
  return {
    limits: permissions.flatMap(permission =>
      house.ledger.state(permission).map(state => ({ permission: permission.id, ...state })),
    ),
    over_limit: refused && {
      ...{ code: refused.code, rule: refused.extra.rule ?? null, reason: refused.message },
      retry_after: refused.extra.retryAfter ?? null,
    },
  };
}

/** The grants that it is asked about under. Throws `Fault` (missing) for one that this gateway hasn't, or not any more at `at`. */
function grantsIn({ house, body }: Call, gateway: string, at: number): readonly Grant[] {
  const id = text(body.grant);
  if (id === '') return [];
  const known = house.grants.find(id);
  if (known?.gateway === gateway && house.grants.live(id)) {
    if (at < Date.parse(known.expires_at)) return house.grants.lineage(id);
    throw new Fault(exitCode.missing, `The grant ${id} has ended by then: it ends at ${known.expires_at}.`);
  }
  throw new Fault(exitCode.missing, `${gateway} has no grant ${id} that lives.`, 'List them with: tf grant list');
}

/** The decision, or the denial of a gateway that was removed, of which the policy isn't even asked. */
function withinRemoval({ house }: Call, { policy_sha256, ...decision }: Decision, gateway: string): Decision {
  try {
    refuseRemoved({ gateways: [gateway] }, house.gateways.find);
    return { ...decision, policy_sha256 };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { effect: 'deny', rule: error.extra.rule ?? error.code, reason: error.message, secret: null, policy_sha256 };
  }
}

/** What would be decided about a request, without sending or recording anything. */
async function explain(call: Call): Promise<unknown> {
  const { house, body } = call;
  const gateway = house.gateways.find(text(body.gateway));
  if (gateway === undefined)
    throw new Fault(exitCode.missing, `There is no gateway ${text(body.gateway)}.`, 'List them with: tf gateway list');
  const tunnel = text(body.method).toUpperCase() === 'CONNECT';
  const request = tunnel ? tunnelIn(call) : requestIn(call);
  const meaning = house.classify(request);
  const subject: Subject = {
    type: 'agent',
    id: gateway.name,
    environment: gateway.environment,
    labels: gateway.labels,
    run: 'run_explain',
    chain: [gateway.name],
    runs: ['run_explain'],
    user: { sub: 'operator' },
    workload: {},
  };
  const at = timeIn(call);
  const { minute, hour, whole } = house.counted(gateway.name);
  const counters = { minute: minute + 1, hour: hour + 1 };
  const { flags: suspected, confidence, found } = house.scanner.request(request, meaning);
  const flags = [...suspected, ...(tunnel ? ['uninspected'] : [])];
  const context = contextAt(at, counters, flags, { timezone: house.config.timezone, confidence, found });
  const caller = { subject, grants: grantsIn(call, gateway.name, at) };
  const asked = question(caller, request, meaning, context);
  const decision = withinRemoval(
    call,
    withinGrants(await house.policy.decide(asked), asked, caller, house.gateways.find),
    gateway.name,
  );
  const speaking = about(call, gateway.name, [meaning.action, ...(meaning.also ?? []).map(part => part.action)]);
  const killed = house.kill
    .active()
    .filter(
      ({ scope }) =>
        scope.kind === 'all' ||
        (scope.kind === 'gateway' && scope.name === gateway.name) ||
        (scope.kind === 'connector' && scope.name === meaning.action.connector),
    );
  return {
    gateway: gateway.name,
    action: meaning.action,
    resource: meaning.resource,
    ...(asked.also && { also: asked.also }),
    request: { method: request.method, host: request.host, path: request.path },
    decision,
    killed,
    moment: moment(call, at, asked, speaking),
    counters,
    counted_whole: whole,
    flags,
    repeats: speaking.flatMap(({ id, repeats }) => (repeats === undefined ? [] : [{ permission: id, repeats }])),
    ...limitsNow(call, decision, meaning),
    looked_up: lookedUp(meaning.lookup),
  };
}

export const explainRoutes: readonly Route[] = [
  { method: 'POST', path: '/explain', authority: 'any', handle: explain },
];
