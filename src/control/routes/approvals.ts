/** Approvals over the control socket: anybody may deny, the operator approves. */
import type { Call, Route } from '../server.js';

const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback);

const answerApproval =
  (verdict: 'granted' | 'refused') =>
  ({ house, params, body, by, inside }: Call): unknown =>
    // Who stands inside a run doesn't sign for somebody else.
    house.approvals.answer(params.id!, verdict, inside === null ? text(body.by, by) : by, text(body.reason));

export const approvalRoutes: readonly Route[] = [
  { method: 'GET', path: '/approvals', authority: 'any', handle: ({ house }) => house.approvals.list() },
  {
    method: 'GET',
    path: '/approvals/:id',
    authority: 'any',
    handle: ({ house, params }) => house.approvals.find(params.id!),
  },
  { method: 'POST', path: '/approvals/:id/approve', authority: 'operator', handle: answerApproval('granted') },
  { method: 'POST', path: '/approvals/:id/deny', authority: 'any', handle: answerApproval('refused') },
];
