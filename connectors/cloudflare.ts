/**
 * Cloudflare's API. https://developers.cloudflare.com/api
 * Permissions are about the zone (`zone:{zone_id}`) or else the account (`account:{account_id}`) that a path begins with.
 */
import type { Connector } from '../src/model.js';

/** What a DNS record is called and what it is; its content may be a secret. */
const record = {
  type: 'body#/type as string',
  name: 'body#/name as string',
  proxied: 'body#/proxied as boolean',
  ttl: 'body#/ttl as number',
};
const ofZone = { resource: 'zone:{zone_id}' };
const oneRecord = { ...ofZone, parameters: { dns_record_id: 'path.dns_record_id', ...record } };

export default {
  name: 'cloudflare',
  hosts: ['api.cloudflare.com'],
  credentials: {
    scheme: 'bearer',
    placeholder: `tfplaceholder${'0'.repeat(27)}`,
    env: ['CLOUDFLARE_API_TOKEN', 'CF_API_TOKEN'],
  },
  generated: 'cloudflare',
  canonical: (_, value) => (/^[0-9a-f-]{32,36}$/i.test(value) ? value.toLowerCase() : value),
  routes: {
    'GET /client/v4/zones': { action: 'zone.list', access: 'list', resource: 'zone' },
    'GET /client/v4/zones/{zone_id}': { action: 'zone.get', ...ofZone },
    'DELETE /client/v4/zones/{zone_id}': { action: 'zone.delete', hints: ['destructive'], ...ofZone },
    'GET /client/v4/zones/{zone_id}/dns_records': { action: 'dns.record.list', access: 'list', ...ofZone },
    'GET /client/v4/zones/{zone_id}/dns_records/{dns_record_id}': {
      action: 'dns.record.get',
      ...ofZone,
      parameters: { dns_record_id: 'path.dns_record_id' },
    },
    'POST /client/v4/zones/{zone_id}/dns_records': { action: 'dns.record.create', ...ofZone, parameters: record },
    'PUT /client/v4/zones/{zone_id}/dns_records/{dns_record_id}': { action: 'dns.record.update', ...oneRecord },
    'PATCH /client/v4/zones/{zone_id}/dns_records/{dns_record_id}': { action: 'dns.record.update', ...oneRecord },
    'DELETE /client/v4/zones/{zone_id}/dns_records/{dns_record_id}': {
      action: 'dns.record.delete',
      hints: ['destructive', 'irreversible'],
      ...ofZone,
      parameters: { dns_record_id: 'path.dns_record_id' },
    },
    // It deletes as well as it writes, and what is in it is too much for parameters.
    'POST /client/v4/zones/{zone_id}/dns_records/batch': {
      action: 'dns.record.batch',
      access: 'delete',
      hints: ['destructive', 'irreversible'],
      ...ofZone,
    },
    'POST /client/v4/zones/{zone_id}/purge_cache': {
      action: 'cache.purge',
      access: 'delete',
      hints: ['destructive'],
      ...ofZone,
      parameters: { purge_everything: 'body#/purge_everything as boolean' },
    },
  },
} satisfies Connector;
