/** Control: how operators (and anybody who wants to stop something) talk to the proxy. */
export { type AgentApi, type AgentCall, type AgentCaller, openAgentApi } from './agent/index.js';
export { type CallerCheck, openCallerCheck, operatorCredential } from './caller.js';
export { scopesBelow } from './family.js';
export type { House } from './house.js';
export { openPurges } from './offboarding.js';
export { routes } from './routes/index.js';
export { endRun, supervised, tell } from './routes/runs.js';
export { serveControl } from './server.js';
export { recordKey } from './starting.js';
export { openVoiding } from './voiding.js';
