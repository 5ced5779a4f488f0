/** The vault's own errors: for operators, at the command line. What an agent sees is a Refusal. */

/**
 * `wrong_key` the key is not this vault's · `corrupt` something in the file is not what was written · `rolled_back` the
 * file is older than what was seen before · `exists`, `missing` a secret, key or vault by that name · `locked` no key was
 * given yet · `invalid` what was asked for can't be · `expired` a lease is over · `unusable` the disk or the system says no.
 */
export type VaultFault =
  | 'wrong_key'
  | 'corrupt'
  | 'rolled_back'
  | 'exists'
  | 'missing'
  | 'locked'
  | 'invalid'
  | 'expired'
  | 'unusable';

/** What went wrong, for a person; `hint` says what to do next. Never holds a secret or a key. */
export class VaultError extends Error {
  readonly code: VaultFault;
  readonly hint: string;

  constructor(code: VaultFault, message: string, hint = '') {
    super(message);
    this.name = 'VaultError';
    this.code = code;
    this.hint = hint;
  }
}
