/** How an API takes its credentials, as its description says it (OpenAPI 3.1 §4.8.27, Swagger 2 §5.2.27). Pure. */
import type { Scheme } from '../../model.js';
import { items, node, own, References, text } from '../openapi/document.js';

/** The scheme that most of the API takes: the first of the document's own `security`, else the first it defines. */
export function schemeOf(document: unknown): Scheme | null {
  const root = node(document);
  const references = new References(root, () => {});
  const defined = node(node(root.components).securitySchemes ?? root.securityDefinitions);
  const wanted = [...items(root.security).flatMap(one => Object.keys(node(one))), ...Object.keys(defined)];
  for (const name of wanted) {
    const scheme = oneScheme(references.follow(own(defined, name)));
    if (scheme !== null) return scheme;
  }
  return null;
}

function oneScheme(scheme: ReturnType<typeof node>): Scheme | null {
  const type = text(scheme.type);
  const name = text(scheme.name);
  if (type === 'basic') return 'basic';
  if (type === 'oauth2' || type === 'openIdConnect') return 'bearer';
  if (type === 'http') {
    const word = text(scheme.scheme).toLowerCase();
    return word === 'bearer' ? 'bearer' : word === 'basic' ? 'basic' : null;
  }
  if (type !== 'apiKey' || name === '') return null;
  if (text(scheme.in) === 'query') return `query:${name}`;
  if (text(scheme.in) !== 'header') return null;
  return name.toLowerCase() === 'authorization' ? 'bearer' : `header:${name}`;
}
