// Stripe's API, from the sources of its own SDK, which Stripe makes from its description: methods and paths are in the
// `.js` files, parameters in the `.d.ts` files. Names are those of the SDK: `charges.create`, `test_helpers.refunds.expire`.
import { actionName, readOpenApi, singular, snake } from '../compiled.mjs';

const resources = 'esm/resources/';

/** `_makeRequest('POST', '/v1/…', …)`, or with a template for the path. */
const call = /_makeRequest\(\s*'([A-Z]+)',\s*(?:'([^']+)'|`([^`]+)`)/g;

/** `name(id, params, options) {`, by which a method of a class begins. */
const head = /^ {4}(?:async )?(\w+)\([^)]*\) \{$/gm;

/** What the words of its paths make of a resource, where people say it otherwise. */
const known = {
  apps_secrets_delete: 'apps_secret',
  apps_secrets_find: 'apps_secret',
  checkout_session: 'checkout',
  invoiceitem: 'invoice_item',
  tax_associations_find: 'tax_association',
};

/** What is about a person. */
const personal = /^(?:address_\w+|individual_name|legal_gender|political_exposure)$/;

/** What changes who may do what, or gives somebody a way in: an account says by itself which bank it is paid out to. */
const rights =
  /\/(?:account_links|account_sessions|apps\/secrets|billing_portal\/sessions|capabilities|connection_tokens|customer_sessions|ephemeral_keys|event_destinations|external_accounts|file_links|login_links|meter_event_session|oauth|onboarding_links|persons|webhook_endpoints)(?:\/|$)|^\/v\d\/(?:core\/)?accounts(?:$|\/\{\w+\}$|.*\/(?:un)?reject$)/;

/** What tells a secret when it is asked to: of an app, of an event's destination, the number of a card. */
const telling = /\/(?:apps\/secrets\/find|event_destinations\/\{\w+\}|issuing\/cards\/\{\w+\})$/;

/** Every operation in a file of the SDK, and the text of its documentation. */
function operationsOf(path, source) {
  const place = path.slice(resources.length, -'.js'.length).split('/').map(snake).join('.');
  const heads = [...source.matchAll(head)];
  return [...source.matchAll(call)].map(({ index, 1: method, 2: plain, 3: template }) => {
    const name = heads.findLast(one => one.index < index)[1];
    return {
      path: (plain ?? template).replace(/\$\{encodeURIComponent\((\w+)\)\}/g, '{$1}'),
      method: method.toLowerCase(),
      name: `${place}.${name === 'del' ? 'delete' : name}`,
      spelled: name,
    };
  });
}

/** The type of a member, as JSON Schema says it; nothing for what is nested. */
function schemaOf(type, scope) {
  const plain = type.replace(/^Emptyable<(.*)>$/s, '$1').trim();
  const list = /^Array<(.*)>$/s.exec(plain);
  if (list) return { type: 'array', items: schemaOf(list[1], scope) };
  if (plain === 'V2Amount') return { 'x-amount': true };
  if (/^(?:string|number|boolean)$/.test(plain)) return { type: plain };
  const named = /^[\w.]+\.(\w+)$/.exec(plain);
  const text = named ? (scope.get(named[1]) ?? '') : plain;
  const values = text.split('|').map(one => one.trim());
  const literals = values.filter(value => /^'[^']*'$/.test(value)).map(value => value.slice(1, -1));
  const others = values.filter(value => !/^(?:'[^']*'|OtherString|string)$/.test(value));
  return literals.length > 0 && others.length === 0 ? { type: 'string', enum: literals } : {};
}

/** Parameters of a file's methods: name of the interface → member → schema. */
function parametersOf(types) {
  const found = new Map();
  const interfaces = /^( *)(?:export )?(?:declare )?interface (\w+Params)(?: extends \w+)? \{\n(.*?)^\1\}/gms;
  for (const [, indent, name, body] of types.matchAll(interfaces)) {
    const space = new RegExp(
      `^${indent}(?:export )?(?:declare )?namespace ${name} \\{\\n(.*?)^${indent}\\}`,
      'ms',
    ).exec(types);
    const alias = new RegExp(`^${indent}    (?:export )?type (\\w+) =([^;]*);`, 'gm');
    const scope = new Map([...(space?.[1] ?? '').matchAll(alias)].map(([, type, text]) => [type, text]));
    const member = new RegExp(
      `(?:^${indent}    /\\*\\*((?:(?!\\*/).)*)\\*/\\n)?^${indent}    (\\w+)\\??: ([^;{]+);`,
      'gms',
    );
    const members = [...body.matchAll(member)].map(([, comment = '', field, type]) => [
      field,
      { ...schemaOf(type, scope), description: comment.replace(/[\s*]+/g, ' ').trim() },
    ]);
    found.set(name, Object.fromEntries(members));
  }
  return found;
}

/** The interface of a method's parameters, and what is said of it. */
function signatureOf(types, name) {
  const [, comment = '', parameters] =
    new RegExp(
      `(?:^    /\\*\\*((?:(?!\\*/).)*)\\*/\\n)?^    ${name}\\([^)]*?params\\??: (?:\\w+\\.)*(\\w+)`,
      'ms',
    ).exec(types) ?? [];
  return { parameters, description: comment.replace(/[\s*]+/g, ' ') };
}

/** One operation as OpenAPI describes it. */
function described({ method, path, name, spelled }, types, members) {
  const { parameters, description } = signatureOf(types, spelled);
  const properties = members.get(parameters) ?? {};
  const common = { operationId: name, description };
  if (method === 'get') {
    const query = Object.entries(properties).map(([field, schema]) => ({ in: 'query', name: field, schema }));
    return { ...common, parameters: query };
  }
  const mediaType = path.startsWith('/v2/') ? 'application/json' : 'application/x-www-form-urlencoded';
  return { ...common, requestBody: { content: { [mediaType]: { schema: { properties } } } } };
}

/** The object that a path is of: `charge:{id}`; the first one, because permissions of one customer are about what it has. */
function resourceOf(collections) {
  return template => {
    const segments = template
      .split('/')
      .slice(2)
      .filter(segment => segment !== 'test_helpers');
    const first = segments.findIndex(segment => segment.startsWith('{'));
    const end =
      first < 0 ? segments.findLastIndex((_, i) => collections.has(segments.slice(0, i + 1).join('/'))) + 1 : first;
    const literals = segments.slice(0, end > 0 ? end : segments.length);
    const type = literals.map((one, i) => (i === literals.length - 1 ? singular(snake(one)) : snake(one))).join('_');
    if (template.startsWith('/oauth/')) return 'oauth';
    return `${known[type] ?? type}${first < 0 ? '' : `:${segments[first]}`}`;
  };
}

/** Amounts of version 2 are objects: `{"value": 4200, "currency": "usd"}`. */
function amountsOf({ requestBody }) {
  const properties = Object.values(requestBody?.content ?? {})[0]?.schema.properties ?? {};
  return Object.entries(properties).flatMap(([name, schema]) =>
    schema['x-amount']
      ? [
          [name, `body#/${name}/value as integer`],
          [name === 'amount' ? 'currency' : `${name}_currency`, `body#/${name}/currency as string`],
        ]
      : [],
  );
}

/** What all of its operations take besides: whose account they are for. */
function completed([key, row], amounts) {
  const [method, path] = key.split(' ');
  const list = /(?:^|\.)(?:list|search)/.test(row.action.split('.').at(-1));
  const get = telling.test(path) ? 'permissions' : list ? 'list' : 'read';
  const change =
    rights.test(path) && key !== 'DELETE /v1/accounts/{id}' ? 'permissions' : method === 'DELETE' ? 'delete' : 'write';
  const account = row.parameters?.account === undefined ? 'account' : 'stripe_account';
  const { action, resource } = row;
  const names = /^(?:account|core_account|customer)(?::|$)/.test(resource) ? /^name$/ : personal;
  const parameters = Object.entries(row.parameters ?? {}).filter(([name]) => !personal.test(name) && !names.test(name));
  const hints = row.hints?.filter(hint => hint !== 'destructive' || change === 'delete') ?? [];
  return [
    key,
    {
      action,
      access: method === 'GET' ? get : change,
      ...(hints.length > 0 && { hints }),
      resource,
      parameters: {
        ...Object.fromEntries(parameters),
        ...Object.fromEntries(amounts),
        [account]: 'header.stripe-account',
        context: 'header.stripe-context',
      },
    },
  ];
}

/** All operations as one description, and what it can't say. An operation of two names has the one that is only its own. */
function documentOf(operations) {
  const paths = {};
  const names = [...operations.values()].flat().map(({ operationId }) => operationId);
  const alone = ({ operationId }) => names.indexOf(operationId) === names.lastIndexOf(operationId);
  for (const [key, named] of operations) {
    const [method, path] = key.split(' ');
    paths[path] = { ...paths[path], [method]: named.find(alone) ?? named[0] };
  }
  const collections = Object.keys(paths)
    .filter(path => path.includes('/{'))
    .map(path => path.slice(0, path.indexOf('/{')).split('/').slice(2).join('/'));
  return [{ openapi: '3.1.0', paths }, { resource: resourceOf(new Set(collections)) }];
}

export default {
  name: 'stripe',
  packages: [
    {
      name: 'stripe',
      version: '23.1.0',
      integrity: 'sha512-fVUfMSfTPoukfoV//MUKAx2+YxyKmYaYtnAL9VkfnHfaPNQylFdWZMD+zgUFerI8rjbaiER8Vzj2XEUQ2AhAsQ==',
      licence: 'MIT',
      files: [resources],
    },
  ],
  build(files) {
    const operations = new Map();
    for (const [file, source] of files) {
      const path = file.slice('stripe/'.length);
      if (!path.endsWith('.js')) continue;
      const found = operationsOf(path, source);
      // One of them fetches what an event names, which is one of the other operations.
      const calls = source.split('_makeRequest(').length - source.split('.related_object.url, undefined').length;
      if (found.length !== calls) throw new Error(`${path} makes ${calls} requests, and ${found.length} are read.`);
      const types = files.get(file.replace(/\.js$/, '.d.ts'));
      const members = parametersOf(types);
      for (const one of found) {
        const key = `${one.method} ${one.path}`;
        const operation = described(one, types, members);
        operations.set(key, [...(operations.get(key) ?? []), operation]);
      }
    }
    const [document, options] = documentOf(operations);
    const { routes, faults } = readOpenApi(document, options);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    const amounts = new Map([...operations.values()].flat().map(one => [actionName(one.operationId), amountsOf(one)]));
    const rows = Object.entries(routes).map(entry => completed(entry, amounts.get(entry[1].action)));
    return { routes: Object.fromEntries(rows) };
  },
};
