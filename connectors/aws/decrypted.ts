/** Parameters of Systems Manager that are asked for in the clear: a secret that is read can be used. */
import type { Value } from '../../src/model.js';
import type { Operation } from './model.js';

/** The operation as it counts: with `WithDecryption` it hands out secrets, and it may if that can't be read. */
export function decrypting(operation: Operation, document: Value | undefined): Operation {
  if (operation.service !== 'ssm' || !/^GetParameter(s|sByPath|History)?$/.test(operation.name)) return operation;
  const members = typeof document === 'object' && document !== null ? Object.entries(document) : null;
  const plain = members?.every(
    ([name, value]) => name.toLowerCase() !== 'withdecryption' || value === false || value === null,
  );
  return plain === true ? operation : { ...operation, access: 'permissions' };
}
