/** Deferrals over the control socket: whoever can reach it may take one back, which makes nothing laxer. */
import type { Route } from '../server.js';

export const deferralRoutes: readonly Route[] = [
  { method: 'GET', path: '/deferrals', authority: 'any', handle: ({ house }) => house.deferrals.list() },
  {
    method: 'GET',
    path: '/deferrals/:id',
    authority: 'any',
    handle: ({ house, params }) => house.deferrals.find(params.id!),
  },
  {
    method: 'POST',
    path: '/deferrals/:id/undo',
    authority: 'any',
    handle: ({ house, params, body, by }) =>
      house.deferrals.cancel(params.id!, by, typeof body.reason === 'string' ? body.reason : ''),
  },
];
