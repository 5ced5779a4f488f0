/** Every route of the control socket. */
import type { Route } from '../server.js';
import { approvalRoutes } from './approvals.js';
import { gatewayRoutes } from './gateways.js';
import { killRoutes } from './kill.js';
import { permissionRoutes } from './permissions.js';
import { proxyRoutes } from './proxy.js';
import { runRoutes } from './runs.js';

export const routes: readonly Route[] = [
  ...runRoutes,
  ...gatewayRoutes,
  ...permissionRoutes,
  ...killRoutes,
  ...approvalRoutes,
  ...proxyRoutes,
];
