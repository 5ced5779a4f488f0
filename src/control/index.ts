/** Control: how operators (and anybody who wants to stop something) talk to the proxy. */
export { type CallerCheck, openCallerCheck, operatorCredential } from './caller.js';
export type { House } from './house.js';
export { routes } from './routes/index.js';
export { endRun, supervised, tell } from './routes/runs.js';
export { serveControl } from './server.js';
