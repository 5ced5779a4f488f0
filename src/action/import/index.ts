/**
 * Import: an API's description, whatever it is written in, as the routes of a connector, and how its credentials are sent.
 * Pure; what can't be read is told in sentences, and nothing throws.
 */
import type { Route, Scheme } from '../../model.js';
import { type Described, readOpenApi } from '../openapi/index.js';
import { isAwsModel, readAwsModel } from './aws.js';
import { fromDiscovery, isDiscovery } from './google.js';
import { schemeOf } from './security.js';

/** What a description says, and which kind of one it is. */
export interface Imported extends Omit<Described, 'routes'> {
  readonly routes: { readonly [methodAndTemplate: string]: Route };
  /** `OpenAPI 3.1.0`, `Swagger 2.0`, `Google discovery`, `AWS service model`. */
  readonly kind: string;
  readonly title: string;
  /** Null if it doesn't say, or says something that isn't known here. */
  readonly scheme: Scheme | null;
}

type Members = { readonly [name: string]: unknown };

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads a description, parsed from JSON or YAML already. */
export function readDescription(document: unknown): Imported {
  const root = (typeof document === 'object' && document !== null ? document : {}) as Members;
  if (isDiscovery(root))
    return {
      ...readOpenApi(fromDiscovery(root)),
      kind: 'Google discovery',
      title: [text(root.title), text(root.version)].filter(Boolean).join(' '),
      scheme: 'bearer',
    };
  if (isAwsModel(root)) return { ...readAwsModel(root), kind: 'AWS service model', scheme: 'sigv4' };
  if ('smithy' in root)
    return {
      routes: {},
      hosts: [],
      faults: ['This is a Smithy model: give its OpenAPI document, or the older model of the service (api-2.json).'],
      kind: 'Smithy',
      title: '',
      scheme: null,
    };
  const info = (typeof root.info === 'object' && root.info !== null ? root.info : {}) as Members;
  const version = text(root.openapi);
  return {
    ...readOpenApi(root),
    kind: version === '' ? 'Swagger 2.0' : `OpenAPI ${version}`,
    title: [text(info.title), text(info.version)].filter(Boolean).join(' '),
    scheme: schemeOf(root),
  };
}
