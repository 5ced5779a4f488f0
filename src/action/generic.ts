/** Generic: what can be said of a request to a host that no connector serves. */
import type { Access, Action, CanonicalRequest, Classified, Resource } from '../model.js';
import { grpcCall } from './grpc.js';
import { overridesMethod } from './override.js';
import { View } from './view.js';

/** The access of a request of which only the method is known. */
export const accessOf = (method: string): Access =>
  method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'read' : method === 'DELETE' ? 'delete' : 'write';

/** `host:name`, with the port if it isn't the scheme's own. */
export function hostResource(request: CanonicalRequest): Resource {
  const usual = request.port === (request.scheme === 'https' ? 443 : 80);
  return { type: 'host', id: usual ? request.host : `${request.host}:${request.port}` };
}

/** A tunnel that isn't read: it may carry anything. It belongs to the connector of its host, for a kill of that. */
export function uninspected(request: CanonicalRequest, connector: string): Classified {
  const action: Action = {
    name: 'http.uninspected',
    connector,
    access: 'write',
    parameters: { port: request.port },
    unknown: [],
  };
  return { action, resource: { type: 'host', id: request.host }, connector: null, typed: false };
}

/** A request to a host that no connector serves. */
export function generic(request: CanonicalRequest): Classified {
  const name = /^[A-Z][A-Z-]*$/.test(request.method)
    ? request.method.toLowerCase().replaceAll('-', '_')
    : 'unclassified';
  const overridden = overridesMethod(new View(request));
  const action: Action = {
    name: overridden ? 'http.unclassified' : (grpcCall(request) ?? `http.${name}`),
    connector: 'http',
    // What an upgraded connection carries isn't judged frame by frame, so it counts as writing.
    access: overridden ? 'permissions' : request.upgrade === null ? accessOf(request.method) : 'write',
    parameters: request.upgrade === null ? {} : { upgrade: request.upgrade },
    unknown: overridden ? ['method'] : [],
  };
  return { action, resource: hostResource(request), connector: null, typed: false };
}
