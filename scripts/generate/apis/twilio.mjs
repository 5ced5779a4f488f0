// Twilio's APIs, from the OpenAPI documents that its command line carries: one host a product, one table a host, because
// `/v1/Services` is another thing at each of them.
import { readOpenApi } from '../compiled.mjs';
import { scopeOf } from '../sdk/scope.mjs';

const directory = 'src/services/twilio-api';

/** Product (`https://PRODUCT.twilio.com`) → the documents that describe it. */
export const products = {
  accounts: ['accounts_v1'],
  api: ['api_v2010'],
  assistants: ['assistants_v1'],
  autopilot: ['autopilot_v1'],
  bulkexports: ['bulkexports_v1'],
  chat: ['chat_v1', 'chat_v2', 'chat_v3'],
  content: ['content_v1', 'content_v2', 'content_sdk'],
  conversations: ['conversations_v1', 'conversations_v2'],
  events: ['events_v1'],
  fax: ['fax_v1'],
  'flex-api': ['flex_v1', 'flex_v2'],
  'frontline-api': ['frontline_v1'],
  iam: ['iam_v1'],
  insights: ['insights_v1', 'insights_v2', 'insights_v3'],
  intelligence: ['intelligence_v2', 'intelligence_v3'],
  'ip-messaging': ['ip_messaging_v1', 'ip_messaging_v2'],
  knowledge: ['knowledge_v1', 'knowledge_v2'],
  lookups: ['lookups_v1', 'lookups_v2'],
  marketplace: ['marketplace_v1'],
  media: ['media_v1'],
  memory: ['memory_v1'],
  messaging: ['messaging_v1', 'messaging_v2', 'messaging_v3'],
  microvisor: ['microvisor_v1'],
  monitor: ['monitor_v1', 'monitor_v2'],
  notify: ['notify_v1'],
  numbers: ['numbers_v1', 'numbers_v2', 'numbers_v3'],
  oauth: ['oauth_v1', 'oauth_v2'],
  preview: ['preview'],
  'preview-iam': ['iam_organizations'],
  pricing: ['pricing_v1', 'pricing_v2'],
  proxy: ['proxy_v1'],
  routes: ['routes_v2', 'routes_v3'],
  serverless: ['serverless_v1'],
  studio: ['studio_v1', 'studio_v2'],
  supersim: ['supersim_v1'],
  sync: ['sync_v1'],
  taskrouter: ['taskrouter_v1'],
  trunking: ['trunking_v1'],
  trusthub: ['trusthub_v1'],
  verify: ['verify_v2'],
  video: ['video_v1'],
  voice: ['voice_v1', 'voice_v2', 'voice_v3'],
  wireless: ['wireless_v1'],
};

/** Accounts, keys and identities, and what else says who may do what. */
const rights = /^\/2010-04-01\/Accounts(?:\.json$|\/\{[a-z_]+\}\.json$|\/\{[a-z_]+\}\/(?:Keys|SigningKeys|Tokens)[./])/;

function rows(product, document, text) {
  const { paths, ...rest } = JSON.parse(text);
  const resource = scopeOf(
    Object.keys(paths),
    ['Accounts'].filter(() => product !== 'api'),
  );
  const { routes, faults } = readOpenApi({ ...rest, paths }, { resource });
  if (faults.length > 0) throw new Error(`${document}:\n${faults.join('\n')}`);
  const prefix = document.replace(/_(v\d+|sdk|organizations)$/, '.$1');
  const administers = ['accounts', 'iam', 'preview-iam', 'oauth'].includes(product);
  return Object.fromEntries(
    Object.entries(routes).map(([key, row]) => {
      const [method, path] = key.split(' ');
      const permissions = telling.test(key) || (method !== 'GET' && (administers || rights.test(path)));
      const { action, access, hints, ...others } = row;
      const told = permissions ? { access: 'permissions' } : { ...(access && { access }), ...(hints && { hints }) };
      return [key, { action: `${prefix}.${action}`, ...told, ...others }];
    }),
  );
}

/** What tells a secret: the account its token, the variables of a function what is in them; and what gives a code to log in. */
const telling =
  /^GET (?:\/2010-04-01\/Accounts(?:\/\{\w+\})?\.json|.*\/(?:AccessTokens\/\{\w+\}|Environments\/\{\w+\}\/Variables(?:\/\{\w+\})?|authorize))$/i;

const shapeOf = key => key.replace(/\{[^{}]*\}/g, '{}');

/** Where two documents describe one request, the first one's name counts, and the other's is an alias. */
function merged(known, found) {
  const shapes = new Map(Object.keys(known).map(key => [shapeOf(key), key]));
  for (const [key, row] of Object.entries(found)) {
    const same = shapes.get(shapeOf(key));
    if (same === undefined) known[key] = row;
    else known[same] = { ...known[same], aliases: [...(known[same].aliases ?? []), row.action] };
  }
  return known;
}

export default Object.entries(products).map(([product, documents]) => ({
  name: `twilio-${product}`,
  packages: [
    {
      name: '@twilio/cli-core',
      version: '9.0.0',
      integrity: 'sha512-FPHm5gXAUwM2oATmQi3AGYPFz4Urg5G5/vDkpUu5WqNuwueQaS93HwXjdX1OM+miuq0LMimdfbXDTLEp4Nsjfg==',
      licence: 'MIT',
      files: documents.map(document => `${directory}/twilio_${document}.json`),
    },
  ],
  build: files => ({
    routes: documents
      .map(document => rows(product, document, files.get(`@twilio/cli-core/${directory}/twilio_${document}.json`)))
      .reduce(merged, {}),
  }),
}));
