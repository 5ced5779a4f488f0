/** Claims: what is kept of a token that was verified. Never the token, and of its claims only those that say who or where. */
import type { JWTPayload } from 'jose';
import type { OidcIssuer } from '../../config/oidc.js';
import { exitCode, Fault } from '../../errors.js';
import type { User, Value } from '../../model.js';

/** As many groups as Entra ID puts into a token; for whoever has more there is a link instead. */
const mostGroups = 200;
const longest = 256;

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= longest ? value : undefined;

/** The claim of that name, or at that JSON pointer (RFC 6901): `/realm_access/roles`. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (!name.startsWith('/')) return Object.hasOwn(payload, name) ? payload[name] : undefined;
  let at: unknown = payload;
  for (const token of name.slice(1).split('/')) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined;
  }
  return at;
}

/**
 * Whether a claim is not in the token but to be had elsewhere (OpenID Connect Core §5.6.2), or there are groups that were left out,
 * as Entra ID says it. https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 */
function isElsewhere({ _claim_names: names, hasgroups }: JWTPayload, name: string): boolean {
  const [whole = name] = name.startsWith('/') ? name.slice(1).split('/') : [];
  if (typeof names === 'object' && names !== null && Object.hasOwn(names, whole)) return true;
  return whole === 'groups' && String(hasgroups) === 'true';
}

/** All groups, or a `Fault`: one that was left out might be the one that something is denied to. */
function groupsOf(payload: JWTPayload, name: string): string[] {
  const claim = claimAt(payload, name);
  const elsewhere = isElsewhere(payload, name);
  if (!elsewhere && (claim === undefined || claim === null)) return [];
  const groups = [claim].flat();
  if (elsewhere || groups.length > mostGroups || groups.some(group => text(group) === undefined))
    throw new Fault(
      exitCode.refused,
      `The ID token was refused: its claim ${name} is not a list of at most ${mostGroups} names.`,
      'Have the provider put fewer groups into tokens for this audience.',
    );
  return [...new Set(groups as string[])].sort();
}

/** The user that a verified token names. Throws `Fault`. */
export function userOf(payload: JWTPayload, issuer: OidcIssuer): User {
  const groups = groupsOf(payload, issuer.groups_claim);
  const roles = Object.entries(issuer.roles)
    .filter(([, members]) => members.some(group => groups.includes(group)))
    .map(([role]) => role)
    .sort();
  // An address that the provider itself doesn't stand by says nothing. Some write that as a text.
  const email = String(payload.email_verified) === 'false' ? undefined : text(payload.email);
  return {
    sub: payload.sub!,
    issuer: issuer.issuer,
    ...(email !== undefined && { email }),
    groups,
    roles,
    expires_at: new Date(payload.exp! * 1_000).toISOString(),
  };
}

/** https://docs.github.com/actions/reference/security/oidc */
const ofGithub =
  'repository repository_id repository_owner repository_visibility ref ref_type sha workflow_ref workflow_sha job_workflow_ref event_name environment actor actor_id run_id run_number run_attempt runner_environment'.split(
    ' ',
  );

type Facts = { readonly [name: string]: Value };

/** https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ (schema of private claims) */
function ofKubernetes(payload: JWTPayload): Facts {
  const claim = payload['kubernetes.io'];
  const facts: Record<string, Value> = {};
  const members = typeof claim === 'object' && claim !== null ? (claim as Record<string, unknown>) : {};
  const namespace = text(members.namespace);
  if (namespace !== undefined) facts.namespace = namespace;
  for (const kind of ['serviceaccount', 'pod', 'node']) {
    const { name, uid } = (members[kind] ?? {}) as Record<string, unknown>;
    if (text(name) !== undefined) facts[kind] = text(name)!;
    if (text(uid) !== undefined) facts[`${kind}_uid`] = text(uid)!;
  }
  return facts;
}

/** What a verified token says of the workload that it was given to. */
export function factsOf(payload: JWTPayload, { identifies, issuer }: OidcIssuer): Facts {
  const claims =
    identifies === 'kubernetes'
      ? ofKubernetes(payload)
      : Object.fromEntries(
          ofGithub.flatMap(name => (text(payload[name]) === undefined ? [] : [[name, text(payload[name])!]])),
        );
  return { kind: identifies, issuer, sub: payload.sub!, ...claims };
}
