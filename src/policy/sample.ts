/**
 * A question that every policy must be able to answer: what a new one is asked before it is activated.
 */
import type { Question } from '../model.js';

/** An unclassified GET to a host of documentation, by a gateway that has no permissions. */
export const sampleQuestion: Question = {
  v: 1,
  subject: {
    type: 'agent',
    id: 'sample',
    environment: 'dev',
    labels: {},
    run: 'run_00000000000000000000000000',
    chain: ['sample'],
    runs: ['run_00000000000000000000000000'],
    user: { sub: 'sample' },
    workload: {},
  },
  grant: null,
  action: { name: 'http.get', connector: 'http', access: 'read', parameters: {}, unknown: [] },
  resource: { type: 'host', id: 'api.example.com' },
  request: {
    method: 'GET',
    scheme: 'https',
    host: 'api.example.com',
    port: 443,
    path: '/',
    body: { state: 'none', bytes: 0 },
  },
  context: {
    time: '2026-01-01T12:00:00.000Z',
    weekday: 'thursday',
    hour: 12,
    minute: 0,
    timezone: 'UTC',
    counters: {},
    flags: [],
    confidence: 1,
  },
};
