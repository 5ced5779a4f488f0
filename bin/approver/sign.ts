/** Signing: an approver's answer, made of what the proxy shows and signed with a key that the proxy never sees. */
import { createPublicKey } from 'node:crypto';
import type { Approval, Scope } from '../../src/approvals/index.js';
import { type Signed, signStatement } from '../../src/log/index.js';
import { keyFileOf, readKeyFile } from './key-file.js';
import { askPassphrase } from './passphrase.js';

/** The answer of the approver `name` to this, signed. Throws `Fault` if his key can't be had. */
export async function signAnswer(
  { id, binding }: Pick<Approval, 'id' | 'binding'>,
  verdict: 'granted' | 'refused',
  scope: Scope,
  name: string,
  keyFile?: string,
): Promise<Signed> {
  const key = await readKeyFile(keyFile ?? keyFileOf(name), () => askPassphrase(name));
  const at = new Date().toISOString();
  const statement = { v: 1, approval: id, binding, verdict, scope, approver: name, at } as const;
  return signStatement(statement, key, createPublicKey(key));
}
