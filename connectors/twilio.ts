/**
 * Twilio's APIs: one host a product, and a table for each, because `/v1/Services` is another thing at each of them. The key's
 * SID is no secret and is in paths; the secret is its token, or `SID:token`. https://www.twilio.com/docs/usage/api
 * Permissions are about the account (`account:{account_sid}`), at other hosts than api.twilio.com the service.
 */
import type { Connector } from '../src/model.js';

const credentials = {
  scheme: 'basic',
  placeholder: `tfplaceholder${'0'.repeat(19)}`,
  env: ['TWILIO_AUTH_TOKEN'],
} as const satisfies Connector['credentials'];

const ofAccount = { resource: 'account:{account_sid}' };
const sid = { sid: 'path.sid' };
const account = '/2010-04-01/Accounts/{account_sid}';

/** Numbers that a call or message goes to and comes from; what is said in it is no parameter. */
const numbers = { to: 'body#/To as string', from: 'body#/From as string' };

/** Everyday names for what most agents do. */
const everyday: Connector['routes'] = {
  [`POST ${account}/Messages.json`]: {
    action: 'message.create',
    ...ofAccount,
    parameters: {
      ...numbers,
      messaging_service_sid: 'body#/MessagingServiceSid as string',
      content_sid: 'body#/ContentSid as string',
    },
  },
  [`GET ${account}/Messages.json`]: { action: 'message.list', access: 'list', ...ofAccount },
  [`GET ${account}/Messages/{sid}.json`]: { action: 'message.get', ...ofAccount, parameters: sid },
  [`DELETE ${account}/Messages/{sid}.json`]: {
    action: 'message.delete',
    hints: ['destructive', 'irreversible'],
    ...ofAccount,
    parameters: sid,
  },
  [`POST ${account}/Calls.json`]: {
    action: 'call.create',
    ...ofAccount,
    parameters: { ...numbers, record: 'body#/Record as boolean', application_sid: 'body#/ApplicationSid as string' },
  },
  [`GET ${account}/Calls.json`]: { action: 'call.list', access: 'list', ...ofAccount },
  [`GET ${account}/Calls/{sid}.json`]: { action: 'call.get', ...ofAccount, parameters: sid },
  [`POST ${account}/Calls/{sid}.json`]: {
    action: 'call.update',
    ...ofAccount,
    parameters: { ...sid, status: 'body#/Status as string' },
  },
  [`GET ${account}/IncomingPhoneNumbers.json`]: { action: 'phone_number.list', access: 'list', ...ofAccount },
  [`POST ${account}/IncomingPhoneNumbers.json`]: {
    action: 'phone_number.buy',
    ...ofAccount,
    parameters: { phone_number: 'body#/PhoneNumber as string', area_code: 'body#/AreaCode as string' },
  },
  [`DELETE ${account}/IncomingPhoneNumbers/{sid}.json`]: {
    action: 'phone_number.release',
    hints: ['destructive', 'irreversible'],
    ...ofAccount,
    parameters: sid,
  },
  [`POST ${account}/Keys.json`]: { action: 'key.create', access: 'permissions', ...ofAccount },
  [`DELETE ${account}/Keys/{sid}.json`]: { action: 'key.delete', access: 'permissions', ...ofAccount, parameters: sid },
};

/** The other products. */
const products =
  'accounts assistants autopilot bulkexports chat content conversations events fax flex-api frontline-api iam insights ' +
  'intelligence ip-messaging knowledge lookups marketplace media memory messaging microvisor monitor notify numbers oauth ' +
  'preview preview-iam pricing proxy routes serverless studio supersim sync taskrouter trunking trusthub verify video voice ' +
  'wireless';

/** A form behind the dot is one of the same thing to Twilio: `/v2/Services/IS1.xml` would be about `service:IS1.xml` here. */
const canonical = (_: string, value: string): string | null =>
  /\.(?:json|xml|csv|html)$/i.test(value)
    ? null
    : value.replace(sidOf, sid => sid.slice(0, 2).toUpperCase() + sid.slice(2).toLowerCase());
const sidOf = /^[a-z]{2}[0-9a-f]{32}$/i;

const product = (name: string, routes: Connector['routes'] = {}): Connector => ({
  name: 'twilio',
  hosts: [`${name}.twilio.com`],
  credentials,
  generated: `twilio-${name}`,
  canonical,
  routes,
});

export const twilio: readonly Connector[] = [
  product('api', everyday),
  ...products.split(' ').map(name => product(name)),
];
