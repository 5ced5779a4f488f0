/** Control: how operators (and anybody who wants to stop something) talk to the proxy. */
export { type CallerCheck, openCallerCheck, operatorCredential } from './caller.js';
export type { House } from './house.js';
export { proxyRoutes } from './routes/proxy.js';
export { endRun, runRoutes, supervised, tell } from './routes/runs.js';
export { stateRoutes } from './routes/state.js';
export { serveControl } from './server.js';
