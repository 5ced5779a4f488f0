/** Override: requests that ask to be taken for one with another method, or of somebody else. */

import type { Connector } from '../model.js';
import { isObject, member } from './json.js';
import type { View } from './view.js';

const overrides = new Set(['x-http-method-override', 'x-http-method', 'x-method-override']);

/** Names in a query; those of Google's front ends replace the method, or any header field (closure: `goog.net.rpc.HttpCors`). */
const inQuery = new Set([...overrides, '_method', '$httpmethod', '$httpheaders']);

/** `_method` as the name of a pair, of a member, or of a part of a multipart form. */
const namesMethod =
  /(?:^|[&;\n])[\s[\]]*(?:[._]method|\$http(?:method|headers)|x-(?:http-)?method)(?![A-Za-z0-9])|"_method"\s*:|name\s*=\s*["']?_method(?![A-Za-z0-9])/i;

/** Whether the request asks to be taken for one with another method (as Rails, Laravel, Express and others allow). */
export function overridesMethod(view: View): boolean {
  if (view.hasExtension(overrides)) return true;
  const query = view.nestedQuery;
  if (query !== undefined && Object.keys(query).some(name => inQuery.has(name.toLowerCase()))) return true;
  for (const text of view.unread()) if (namesMethod.test(text)) return true;
  if (view.method === 'GET' || view.method === 'HEAD' || view.empty) return false;
  const document = view.document;
  return isObject(document) && member(document, '_method') !== undefined;
}

/** Whether a request acts for somebody else than the owner of its credential, or may do so, as this API lets it. */
export function actsForAnother(view: View, { impersonation }: Connector): boolean {
  if (impersonation === undefined) return false;
  const query = view.nestedQuery;
  const document = view.document;
  if (query === undefined || (document === undefined && view.mayHoldParameters)) return true;
  const within = [query, document].filter(isObject);
  return impersonation.some(name => view.has(name) || within.some(object => member(object, name) !== undefined));
}
