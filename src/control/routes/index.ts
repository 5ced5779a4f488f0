/** Every route of the control socket. */
import type { Route } from '../server.js';
import { approvalRoutes } from './approvals.js';
import { approverRoutes } from './approvers.js';
import { deferralRoutes } from './deferrals.js';
import { explainRoutes } from './explain.js';
import { freezeRoutes } from './freezes.js';
import { gatewayRoutes } from './gateways.js';
import { grantRoutes } from './grants.js';
import { keyRoutes } from './keys.js';
import { killRoutes } from './kill.js';
import { permissionRoutes } from './permissions.js';
import { proxyRoutes } from './proxy.js';
import { runRoutes } from './runs.js';

export const routes: readonly Route[] = [
  ...runRoutes,
  ...gatewayRoutes,
  ...permissionRoutes,
  ...grantRoutes,
  ...killRoutes,
  ...approvalRoutes,
  ...deferralRoutes,
  ...approverRoutes,
  ...keyRoutes,
  ...proxyRoutes,
  ...explainRoutes,
  ...freezeRoutes,
];
