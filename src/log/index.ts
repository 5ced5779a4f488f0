/** The log: every decision durable, chained and attested before its effect; verifiable by anybody, offline. */
export { type Log, type LogOptions, openLog } from './open.js';
export { ulids } from './ulid.js';
