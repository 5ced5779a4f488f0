/**
 * Facts that a request lacks and a decision needs (P9): the connector's row names other GETs of the same API, which go
 * out under permits of their own, with the same secret, and have two seconds in all. What can't be had stays unknown. Nothing is cached.
 */

import { decodeText, isObject, type Json, readJson, unclear } from '../../src/action/json.js';
import { chain, type Target, targetOf, type Values } from '../../src/action/lookup.js';
import { matchesPattern } from '../../src/action/pattern.js';
import type { Decoded, Outgoing } from '../../src/gateway.js';
import { fetchWhole } from '../../src/http/fetch.js';
import { requestHash } from '../../src/http/forward.js';
import { belonging } from '../../src/identity/kill.js';
import type { Caller, CanonicalRequest, Classified, Fact, Value } from '../../src/model.js';
import { obstacle } from '../../src/policy/index.js';
import { contextAt, question } from '../../src/policy/question.js';
import { completed } from './completed.js';
import type { Credentials } from './credentials.js';
import type { Parts } from './data-path.js';

/** Looks up what `meaning` names, or returns it as it is. Never rejects. */
export type LookUp = (
  caller: Caller,
  request: CanonicalRequest,
  meaning: Classified,
) => Promise<Classified> | Classified;

/** The value at a JSON pointer (RFC 6901), or undefined if there is none or it can't be told exactly. */
function at(document: Json | undefined, pointer: string): Value | undefined {
  let value: Json | undefined = document;
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) value = value[Number(name)];
    else value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value === undefined || value === unclear || typeof value === 'object' ? undefined : (value as Value);
}

/** What an answer says of a fact; undefined if it doesn't. */
function told(answer: Json | undefined, fact: Fact, found: Values): Value | undefined {
  if (answer === undefined || answer === unclear) return undefined;
  if (typeof fact === 'string') return at(answer, fact);
  try {
    return fact(answer as Value, found);
  } catch {
    return undefined;
  }
}

/** For all look-ups of one request. */
const limitMs = 2_000;

export function openLookUp(parts: Parts, credentials: Credentials): LookUp {
  const { house, catalog } = parts;

  /** Only for those who may perhaps do it: a gateway without any permission for the action costs no request. */
  const worthwhile = (gateway: string, action: string): boolean =>
    !house.policy.shipped ||
    house.gateways
      .permissions(gateway)
      .some(permission => permission.effect !== 'deny' && matchesPattern(permission.action, action, '.'));

  async function fetch(
    caller: Caller,
    request: CanonicalRequest,
    meaning: Classified,
    { host, path, query }: Target,
    limit: number,
  ): Promise<Json | undefined> {
    // Only of the same API: nobody else's answer is a fact about it.
    if (host !== null && catalog.forHost(host)?.name !== meaning.action.connector) return undefined;
    const asked: CanonicalRequest = Object.freeze({
      ...request,
      ...(host !== null && { host, port: 443 }),
      method: 'GET',
      path,
      query,
      body: { state: 'none', bytes: 0 } as const,
      content: null,
      upgrade: null,
      // Not the agent's Accept: with it goes which form of the answer the facts are read from.
      fields: [
        ['Accept', 'application/json'] as const,
        ...request.fields.filter(([name]) =>
          /^(user-agent|x-github-api-version|stripe-account|stripe-context)$/i.test(name),
        ),
      ],
    });
    const decoded: Decoded = { request: asked, hash: requestHash(asked), payload: null, release: () => {} };
    const named = catalog.classify(asked);
    const why = `A fact that the decision about ${meaning.action.name} needs.`;
    const { subject } = caller;
    const asking = question(caller, asked, named, contextAt(house.now(), {}, [], { timezone: house.config.timezone }));
    const decision = {
      effect: 'allow',
      rule: 'lookup',
      reason: why,
      secret: null,
      policy_sha256: house.policy.digest,
    } as const;
    const secret = credentials.secretFor(asking, decision, asked, named);
    const { recorded, permit } = await house.log.allow(
      {
        type: 'action.decided',
        run: subject.run,
        subject,
        grant: asking.grant,
        action: asking.action,
        resource: asking.resource,
        request: asking.request,
        decision: { ...decision, secret },
      },
      credentials.allowedFor(asking, decoded, secret),
    );
    return completed(house.log, subject, recorded.id, 'lookup_failed', async course => {
      const outgoing: Outgoing = await credentials.outgoing(permit, decoded, named);
      course.credential = outgoing.credential || null;
      const answer = await fetchWhole(permit, outgoing, {
        upstream: parts.upstreamFor(subject.run),
        now: house.now,
        limit,
        checkKill: () => house.kill.check(belonging(subject, meaning.action.connector)),
      });
      course.status = answer.status;
      const text = answer.status === 200 && answer.body !== null ? decodeText(answer.body) : undefined;
      return text === undefined ? undefined : readJson(text);
    });
  }

  /** Asks one after the other, because what is asked may name what was found. */
  async function find(caller: Caller, request: CanonicalRequest, meaning: Classified, until: number): Promise<Values> {
    const found: Record<string, Value> = {};
    for (const lookup of chain(meaning.lookup)) {
      const target = targetOf(lookup, found);
      const left = until - performance.now();
      const answer =
        target === null || left <= 0
          ? undefined
          : await fetch(caller, request, meaning, target, left).catch(() => undefined);
      const before = { ...found };
      for (const [name, fact] of Object.entries(lookup.parameters)) {
        const value = told(answer, fact, before);
        if (value === undefined) delete found[name];
        else found[name] = value;
      }
    }
    return found;
  }

  /** Whether something is looked up for this gateway. */
  const wanted = ({ subject }: Caller, { lookup, action }: Classified): boolean =>
    lookup !== undefined && [action.name, ...(action.aliases ?? [])].some(name => worthwhile(subject.id, name));

  async function withFacts(
    caller: Caller,
    request: CanonicalRequest,
    meaning: Classified,
    until: number,
  ): Promise<Classified> {
    if (!wanted(caller, meaning)) return meaning;
    const { action } = meaning;
    const found = await find(caller, request, meaning, until);
    const parameters = { ...action.parameters, ...found };
    const unknown = action.unknown.filter(name => !Object.hasOwn(found, name));
    return { ...meaning, action: { ...action, parameters, unknown } };
  }

  return (caller, request, meaning) => {
    const { also } = meaning;
    if (!wanted(caller, meaning) && !also?.some(part => wanted(caller, part))) return meaning;
    // No fact lets anything through that the grants don't cover.
    if (obstacle(caller, meaning, house.gateways.find) !== null) return meaning;
    const until = performance.now() + limitMs;
    return (async () => {
      const first = await withFacts(caller, request, meaning, until);
      if (also === undefined) return first;
      const others: Classified[] = [];
      for (const part of also) others.push(await withFacts(caller, request, part, until));
      return { ...first, also: others };
    })();
  };
}
