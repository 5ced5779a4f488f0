import type { Connector } from '../src/model.js';

/** Tollfence itself: the canary that `tf run` sends before it starts a child, and that every policy must deny. */
export default {
  name: 'tollfence',
  hosts: ['canary.tollfence.invalid'],
  routes: { 'GET /': { action: 'canary', access: 'permissions', resource: 'canary' } },
} satisfies Connector;
