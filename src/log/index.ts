/** The log: every decision durable, chained and attested before its effect; verifiable by anybody, offline. */
export type { Answered } from './answers.js';
export { canonical } from './canonical.js';
export type { Checkpoint } from './checkpoint.js';
export { exportCsv, exportJsonLines, storedLines } from './export.js';
export type { Unsound } from './finding.js';
export { type PublicKey, parsePublicKey, publicKeyPath } from './key.js';
export type { Log, LogOptions } from './log.js';
export { openLog } from './open.js';
export { actionsOf, type Filter, gatewayOf, matches, Reader, type Row, type Seen } from './reader.js';
export { makeReceipt, openReceipt, type Receipt } from './receipt.js';
export { openRemoteLog, type Packed, type Printed, type RemoteLog } from './remote.js';
export { since } from './since.js';
export {
  disagreement,
  freshness,
  isSignedBy,
  keyId,
  parseApproverKey,
  printStatement,
  type Signed,
  type Statement,
  signStatement,
  type Via,
} from './statement.js';
export { ulids } from './ulid.js';
export { type Sound, verify } from './verify.js';
