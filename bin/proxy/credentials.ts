/** Which secret goes with a request, and how it is put on it: between the vault, the connectors and the line. */
import {
  inject,
  isSignedByPlaceholder,
  isWebhook,
  signAws,
  signWebhook,
  stripOwn,
} from '../../src/credentials/index.js';
import { Refusal } from '../../src/errors.js';
import type { Decoded, Outgoing } from '../../src/gateway.js';
import { rewritten } from '../../src/http/resign.js';
import { printAuthority } from '../../src/http/target.js';
import type { CanonicalRequest, Classified, Decision, Question, Scheme } from '../../src/model.js';
import type { Allowed, Permit } from '../../src/permit.js';
import type { SecretMeta } from '../../vault/index.js';
import type { Parts } from './data-path.js';

/** The place where this connector's credentials stand, or null. */
const placeOf = (meaning: Classified): Scheme | null => meaning.connector?.credentials?.scheme ?? null;

/** What a body is, for whoever signs over it. */
const bytesOf = (payload: Decoded['payload']): Uint8Array | 'stream' | null =>
  payload === null || Buffer.isBuffer(payload) ? payload : 'stream';

/** What the line does with credentials. */
export interface Credentials {
  /** Name of the secret that a permit for this may name, or null. Throws `Refusal` (`credential_unavailable`). */
  secretFor(asked: Question, decision: Decision, request: CanonicalRequest, meaning: Classified): string | null;
  /** What a permit for this binds. */
  allowedFor(asked: Question, decoded: Decoded, secret: string | null): Omit<Allowed, 'evidence'>;
  /** The request without the agent's own credentials, and whether there were any: they would act for somebody whom nobody judged. */
  withoutOwn(
    request: CanonicalRequest,
    meaning: Classified,
  ): { readonly request: CanonicalRequest; readonly removed: boolean };
  /** The request as it goes out: with the secret of the permit, without what the agent put in its place. */
  outgoing(permit: Permit, decoded: Decoded, meaning: Classified): Promise<Outgoing> | Outgoing;
}

export function openCredentials({ house, catalog }: Parts): Credentials {
  /** A connector's secret is sent as the part of the API that is asked wants it (GitHub: bearer, but basic for git). */
  const schemeFor = (meta: Pick<SecretMeta, 'scheme' | 'connector'>, meaning: Classified): Scheme => {
    const usual = meta.connector === null ? null : catalog.find(meta.connector)?.credentials?.scheme;
    return usual === meta.scheme ? (placeOf(meaning) ?? meta.scheme) : meta.scheme;
  };
  const withoutOwn: Credentials['withoutOwn'] = (request, meaning) => {
    // A signature made with a placeholder is worth nothing to any host: it may stand in its own place, and stays here.
    const place = placeOf(meaning) ?? (isSignedByPlaceholder(request) ? 'sigv4' : null);
    if (place === null) return { request, removed: false };
    const first = stripOwn(request, place);
    if (place === 'bearer' || place === 'basic') return first;
    // An API with a field of its own often takes Authorization as well.
    const second = stripOwn(first.request, 'bearer');
    return { request: second.request, removed: first.removed || second.removed };
  };
  return {
    withoutOwn,
    secretFor({ subject, action }, decision, request, meaning) {
      // What isn't read can't have a credential put on it.
      if (decision.effect === 'deny' || request.scheme !== 'https' || request.method === 'CONNECT') return null;
      // What no route describes gets a credential only if the policy names it.
      const typed = meaning.typed && (meaning.also?.every(part => part.typed) ?? true);
      const named = typed || decision.exact === true;
      if (!named && !isWebhook(request)) return null;
      const bound = house.vault.bindingFor({
        gateway: subject.id,
        connector: action.connector,
        host: request.host,
        secret: decision.secret,
      });
      if (named) return bound?.name ?? null;
      if (bound?.scheme === 'webhook')
        throw new Refusal(
          'credential_unavailable',
          `The webhook isn't sent unsigned: its secret ${bound.name} needs a permission that names ${action.name} without a *.`,
        );
      return null;
    },
    allowedFor: ({ subject, action }, { request, hash }, secret) => ({
      gateway: subject.id,
      run: subject.run,
      request: hash,
      host: request.host,
      port: request.port,
      scheme: request.scheme,
      connector: action.connector,
      secret,
    }),
    outgoing(permit, decoded, meaning) {
      const missing = house.vault.fetch?.(permit, decoded.hash, decoded.request) ?? null;
      return missing === null ? put(permit, decoded, meaning) : missing.then(() => put(permit, decoded, meaning));
    },
  };

  function put(permit: Permit, { request, payload, hash }: Decoded, meaning: Classified): Outgoing {
    const own = withoutOwn(request, meaning);
    const { secret, gateway, run, evidence } = permit.allowed;
    // Whatever this gateway may use may be in an answer, also of a host that gets nothing now.
    const needles = house.vault.needles(gateway);
    if (secret === null) return { request: own.request, payload, hash, replaced: own.removed, credential: '', needles };
    const lease = house.vault.lease(permit, hash);
    const { name, version } = lease;
    const scheme = schemeFor(lease, meaning);
    const signed =
      scheme === 'sigv4' ? signAws(request, lease, { authority: printAuthority(request), now: house.now() }) : null;
    const sealed = scheme === 'webhook' ? signWebhook(own.request, lease.value, bytesOf(payload), house.now()) : null;
    const ready =
      signed ?? sealed ?? inject(own.request, { scheme, value: lease.value }, meaning.connector?.credentials ?? {});
    const replaced = ready.replaced || own.removed;
    if (lease.opened_by === evidence) {
      const expires_at = new Date(lease.expires_at).toISOString();
      const credential = { name, version, scheme, replaced };
      house.log.note({ type: 'credential.leased', run, gateway, decided: evidence, credential, expires_at });
    }
    const sent = signed?.chunks ? rewritten(payload, signed.chunks) : payload;
    const credential = `${name}@${version}`;
    const hidden = signed?.hidden ?? sealed !== null;
    const leased = lease.opened_by;
    return { request: ready.request, payload: sent, hash, replaced, credential, leased, hidden, needles };
  }
}
