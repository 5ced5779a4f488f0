/** Override: requests that ask to be taken for one with another method. */
import { isObject } from './json.js';
import type { View } from './view.js';

const overrides = new Set(['x-http-method-override', 'x-http-method', 'x-method-override']);

/** `_method` as the name of a pair, of a member, or of a part of a multipart form. */
const namesMethod =
  /(?:^|[&;\n])[\s[\]]*[._]method(?![A-Za-z0-9])|"_method"\s*:|name\s*=\s*["']?_method(?![A-Za-z0-9])/i;

/** Whether the request asks to be taken for one with another method (as Rails, Laravel, Express and others allow). */
export function overridesMethod(view: View): boolean {
  if (view.hasExtension(overrides)) return true;
  const query = view.nestedQuery;
  if (query !== undefined && '_method' in query) return true;
  for (const text of view.unread()) if (namesMethod.test(text)) return true;
  if (view.method === 'GET' || view.method === 'HEAD' || view.empty) return false;
  const document = view.document;
  return isObject(document) && '_method' in document;
}
