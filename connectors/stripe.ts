/**
 * Stripe's API: form bodies, nested by brackets, in version 1; JSON in version 2. A resource is the first thing that a path
 * names. https://docs.stripe.com/api
 */
import type { Connector, RouteRow } from '../src/model.js';

const string = (...names: readonly string[]): { [name: string]: string } =>
  Object.fromEntries(names.map(name => [name, `body#/${name} as string`]));

/** Stripe's amounts are integers in the currency's smallest unit. */
const amount = { amount: 'body#/amount as integer' };
const money = { ...amount, ...string('currency') };

/**
 * What moves money. Three currencies have other smallest units here than in ISO 4217.
 * https://docs.stripe.com/currencies#special-cases
 */
const spent = { amount: 'amount', currency: 'currency', decimals: { isk: 2, ugx: 2, mga: 0 } };

/** Those that can be searched. */
const searched = new Set([
  'charges',
  'customers',
  'invoices',
  'payment_intents',
  'prices',
  'products',
  'subscriptions',
]);

/** Create, list, get, update and delete, as most of Stripe's resources have them. */
function collection(
  path: string,
  type: string,
  made: RouteRow['parameters'] = {},
  removal?: string,
  cost?: RouteRow['cost'],
): { [key: string]: RouteRow } {
  const one = `${type}:{id}`;
  return {
    [`GET /v1/${path}`]: { action: `${type}.list`, access: 'list', resource: type },
    [`POST /v1/${path}`]: { action: `${type}.create`, resource: type, parameters: made, ...(cost && { cost }) },
    ...(searched.has(path) && {
      [`GET /v1/${path}/search`]: { action: `${type}.search`, access: 'list', resource: type },
    }),
    [`GET /v1/${path}/{id}`]: { action: `${type}.get`, resource: one },
    [`POST /v1/${path}/{id}`]: { action: `${type}.update`, resource: one, parameters: made },
    ...(removal && { [`DELETE /v1/${path}/{id}`]: { action: `${type}.${removal}`, resource: one } }),
  };
}

/** `POST /v1/path/{id}/verb`. */
const verb = (
  path: string,
  type: string,
  name: string,
  parameters: RouteRow['parameters'] = {},
  more: Pick<RouteRow, 'cost' | 'lookup'> = {},
): { [key: string]: RouteRow } => ({
  [`POST /v1/${path}/{id}/${name}`]: { action: `${type}.${name}`, resource: `${type}:{id}`, parameters, ...more },
});

/** Whose account it is done in, if it isn't the key's own: what every action takes. */
const forAccount = (routes: { readonly [key: string]: RouteRow }): { [key: string]: RouteRow } =>
  Object.fromEntries(
    Object.entries(routes).map(([key, row]) => {
      const account = row.parameters?.account === undefined ? 'account' : 'stripe_account';
      const parameters = { ...row.parameters, [account]: 'header.stripe-account', context: 'header.stripe-context' };
      return [key, { ...row, parameters }];
    }),
  );

/** A new customer costs nothing, unless it begins with money, or (in old versions of the API) with a subscription. */
const customer = { action: 'customer.create', resource: 'customer' };
const customers: readonly RouteRow[] = [
  ...['balance', 'account_balance', 'plan'].map(name => ({ ...customer, when: { [`body#/${name}`]: '*' } })),
  { ...customer, cost: 'nothing' as const },
].flatMap(row => Object.values(forAccount({ row })));

/** A refund is of a charge, in its currency, and of all of it if there is no amount; or else of a customer's balance. */
const refund = {
  action: 'refund.create',
  resource: 'refund',
  parameters: { ...money, ...string('charge', 'payment_intent', 'reason') },
};
const whole = { ...refund, parameters: { ...refund.parameters, full: 'body#/amount as absent' } };
const ofCharge = { ...spent, amount: ['amount', 'charge_amount'], currency: 'charge_currency' };
const refunds: readonly RouteRow[] = Object.values(
  forAccount({
    charge: {
      ...whole,
      when: { 'body#/charge': '*' },
      lookup: {
        request: 'GET /v1/charges/{charge}',
        parameters: { charge_amount: '/amount', charge_currency: '/currency' },
      },
      cost: ofCharge,
    },
    payment: {
      ...whole,
      when: { 'body#/payment_intent': '*' },
      lookup: {
        request: 'GET /v1/payment_intents/{payment_intent}',
        parameters: { charge_amount: '/amount', charge_currency: '/currency' },
      },
      cost: ofCharge,
    },
    balance: { ...refund, cost: spent },
  }),
);

export default {
  name: 'stripe',
  hosts: ['api.stripe.com', 'files.stripe.com', 'connect.stripe.com', 'meter-events.stripe.com'],
  credentials: {
    scheme: 'bearer',
    placeholder: `sk_test_tfplaceholder${'0'.repeat(24)}`,
    env: ['STRIPE_API_KEY', 'STRIPE_SECRET_KEY'],
  },
  reads: path => (path.startsWith('/v2/') ? 'json' : 'form'),
  generated: 'stripe',
  // Stripe's own code for browsers says in the parameters whose account it is for.
  impersonation: ['_stripe_account', '_stripe_context'],
  routes: {
    ...forAccount({
      ...collection('charges', 'charge', { ...money, ...string('customer') }, undefined, spent),
      ...verb('charges', 'charge', 'capture', amount),
      ...collection('refunds', 'refund'),
      ...verb('refunds', 'refund', 'cancel', {}, { cost: 'nothing' }),
      ...collection(
        'payment_intents',
        'payment_intent',
        {
          ...money,
          ...string('customer', 'payment_method', 'capture_method'),
          confirm: 'body#/confirm as boolean',
        },
        undefined,
        spent,
      ),
      ...verb('payment_intents', 'payment_intent', 'confirm', string('payment_method'), {
        cost: spent,
        lookup: { request: 'GET /v1/payment_intents/{id}', parameters: { amount: '/amount', currency: '/currency' } },
      }),
      ...verb('payment_intents', 'payment_intent', 'capture', {
        amount_to_capture: 'body#/amount_to_capture as integer',
      }),
      ...verb('payment_intents', 'payment_intent', 'cancel', string('cancellation_reason'), { cost: 'nothing' }),
      ...verb('payment_intents', 'payment_intent', 'increment_authorization', amount),
      ...collection('setup_intents', 'setup_intent', string('customer', 'payment_method')),
      ...verb('setup_intents', 'setup_intent', 'confirm'),
      ...verb('setup_intents', 'setup_intent', 'cancel'),
      ...collection('customers', 'customer', {}, 'delete'),
      'POST /v1/customers/{id}/balance_transactions': {
        action: 'customer.adjust_balance',
        resource: 'customer:{id}',
        parameters: money,
      },
      'GET /v1/customers/{id}/payment_methods': {
        action: 'payment_method.list',
        access: 'list',
        resource: 'customer:{id}',
      },
      'POST /v1/customers/{id}/sources': { action: 'customer.add_source', resource: 'customer:{id}' },
      'DELETE /v1/customers/{id}/sources/{source}': {
        action: 'customer.remove_source',
        resource: 'customer:{id}',
        parameters: { source: 'path.source' },
      },
      ...collection('subscriptions', 'subscription', string('customer'), 'cancel'),
      ...verb('subscriptions', 'subscription', 'resume'),
      ...collection(
        'subscription_items',
        'subscription_item',
        { ...string('subscription', 'price'), quantity: 'body#/quantity as integer' },
        'delete',
      ),
      ...collection('invoices', 'invoice', string('customer', 'currency'), 'delete'),
      ...verb('invoices', 'invoice', 'finalize'),
      ...verb(
        'invoices',
        'invoice',
        'pay',
        {},
        {
          cost: spent,
          lookup: {
            request: 'GET /v1/invoices/{id}',
            parameters: { amount: '/amount_remaining', currency: '/currency' },
          },
        },
      ),
      ...verb('invoices', 'invoice', 'send'),
      ...verb('invoices', 'invoice', 'void'),
      ...verb('invoices', 'invoice', 'mark_uncollectible'),
      ...collection('invoiceitems', 'invoice_item', { ...money, ...string('customer', 'invoice') }, 'delete'),
      ...collection('credit_notes', 'credit_note', { ...amount, ...string('invoice') }),
      ...collection('payouts', 'payout', { ...money, ...string('destination', 'method') }, undefined, spent),
      ...verb('payouts', 'payout', 'cancel', {}, { cost: 'nothing' }),
      ...verb('payouts', 'payout', 'reverse'),
      ...collection('transfers', 'transfer', { ...money, ...string('destination') }, undefined, spent),
      'POST /v1/transfers/{id}/reversals': {
        action: 'transfer.reverse',
        resource: 'transfer:{id}',
        parameters: amount,
      },
      ...collection('topups', 'topup', money, undefined, spent),
      ...collection('products', 'product', { ...string('name'), active: 'body#/active as boolean' }, 'delete'),
      ...collection('prices', 'price', {
        unit_amount: 'body#/unit_amount as integer',
        ...string('currency', 'product'),
      }),
      ...collection(
        'coupons',
        'coupon',
        {
          amount_off: 'body#/amount_off as integer',
          percent_off: 'body#/percent_off as number',
          ...string('currency', 'duration'),
        },
        'delete',
      ),
      ...collection('promotion_codes', 'promotion_code', string('coupon', 'code')),
      ...collection('payment_methods', 'payment_method', string('type')),
      ...verb('payment_methods', 'payment_method', 'attach', string('customer')),
      ...verb('payment_methods', 'payment_method', 'detach'),
      ...collection('payment_links', 'payment_link', { active: 'body#/active as boolean' }),
      ...collection('checkout/sessions', 'checkout', string('mode', 'customer', 'currency')),
      'POST /v1/checkout/sessions/{id}/expire': { action: 'checkout.expire', resource: 'checkout:{id}' },
      'POST /v1/billing_portal/sessions': {
        action: 'billing_portal.create',
        resource: 'customer:{customer}',
        parameters: string('customer'),
      },
      ...collection('accounts', 'account', string('type', 'country'), 'delete'),
      'GET /v1/account': { action: 'account.get', resource: 'account' },
      'POST /v1/account_links': {
        action: 'account.link',
        access: 'permissions',
        resource: 'account:{account}',
        parameters: string('account', 'type'),
      },
      ...collection('webhook_endpoints', 'webhook_endpoint', string('url'), 'delete'),
      'GET /v1/disputes': { action: 'dispute.list', access: 'list', resource: 'dispute' },
      'GET /v1/disputes/{id}': { action: 'dispute.get', resource: 'dispute:{id}' },
      'POST /v1/disputes/{id}': { action: 'dispute.update', resource: 'dispute:{id}' },
      ...verb('disputes', 'dispute', 'close'),
      ...collection('tax_rates', 'tax_rate', { percentage: 'body#/percentage as number' }),
      'GET /v1/balance': { action: 'balance.get', resource: 'balance' },
      'GET /v1/balance_transactions': { action: 'balance.transactions', access: 'list', resource: 'balance' },
      'GET /v1/balance_transactions/{id}': { action: 'balance.transaction', resource: 'balance:{id}' },
      'GET /v1/events': { action: 'event.list', access: 'list', resource: 'event' },
      'GET /v1/events/{id}': { action: 'event.get', resource: 'event:{id}' },
      'POST /v1/tokens': { action: 'token.create', resource: 'token' },
      'POST /v1/ephemeral_keys': {
        action: 'ephemeral_key.create',
        access: 'permissions',
        resource: 'customer:{customer}',
        parameters: string('customer'),
      },
      'DELETE /v1/ephemeral_keys/{id}': { action: 'ephemeral_key.delete', resource: 'ephemeral_key:{id}' },
    }),
    'POST /v1/customers': customers,
    'POST /v1/refunds': refunds,
  },
} satisfies Connector;
