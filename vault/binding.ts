/** Binding: which secret serves a request, from descriptions alone. */
import { Refusal } from '../src/errors.js';
import { type SecretMeta, spelled, unfit, type Want } from './secret.js';

/** The one of this name. Throws Refusal `credential_unavailable` if it is missing, or not bound to what is wanted. */
export function bound<T extends { readonly meta: SecretMeta }>(
  secrets: ReadonlyMap<string, T>,
  name: string,
  want: Want,
): T {
  const secret = secrets.get(spelled(name));
  const fault = secret === undefined ? 'is not in the vault' : unfit(secret.meta, want);
  if (secret === undefined || fault !== null)
    throw new Refusal('credential_unavailable', `The secret ${name} ${fault}.`);
  return secret;
}

/**
 * The secret that serves this request: the named one, else the only one bound to its gateway, connector and host (one that
 * names the gateway goes before one for any gateway); null if none is. Throws Refusal `credential_unavailable` if the named
 * one is missing or not bound to it, or if several are.
 */
export function bindingAmong(
  secrets: ReadonlyMap<string, { readonly meta: SecretMeta }>,
  want: Want & { readonly secret: string | null },
): SecretMeta | null {
  if (want.secret !== null) return bound(secrets, want.secret, want).meta;
  const fit: SecretMeta[] = [];
  for (const { meta } of secrets.values()) if (unfit(meta, want) === null) fit.push(meta);
  const named = fit.filter(meta => meta.gateways.length > 0);
  const candidates = named.length > 0 ? named : fit;
  if (candidates.length > 1) {
    const names = candidates
      .map(meta => meta.name)
      .sort()
      .join(', ');
    throw new Refusal('credential_unavailable', `Several secrets are bound to ${want.host}: ${names}.`, {
      next: 'An operator must name one in the policy, or bind them to different gateways.',
    });
  }
  return candidates[0] ?? null;
}
