/** Outside: what other rooms keep, sealed, in files of their own. The key is the vault's, the purpose is bound to the seal. */
import { Refusal } from '../src/errors.js';
import { associated, type Keys, type Random, seal, unseal } from './seal.js';

const boundTo = (vault: string, purpose: string): Buffer => associated('outside', vault, purpose);

/** Seals it for this purpose. */
export const sealedOutside = (vault: string, keys: Keys, purpose: string, plain: Buffer, random: Random): Buffer =>
  seal(keys.outside, plain, boundTo(vault, purpose), random);

/** Opens it. Throws Refusal (`credential_unavailable`) if it was sealed for another purpose, by another key, or was changed. */
export function openedOutside(vault: string, keys: Keys, purpose: string, sealed: Buffer): Buffer {
  const plain = unseal(keys.outside, sealed, boundTo(vault, purpose));
  if (plain !== null) return plain;
  throw new Refusal('credential_unavailable', `What was sealed for ${purpose} can't be opened by the key of today.`);
}
