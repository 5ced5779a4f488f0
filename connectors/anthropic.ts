/**
 * Anthropic's API. https://docs.anthropic.com/en/api
 * Permissions are about the first thing that a path names (`file:{id}`, `workspace:{id}`), or the model that answers.
 */
import type { Connector } from '../src/model.js';
import { tokens } from './tokens.js';

// The prompt stays out of policy and log: what a call costs and where it goes is enough.
const call = {
  model: 'body#/model as string',
  max_tokens: 'body#/max_tokens as integer',
  stream: 'body#/stream as boolean',
};

export default {
  name: 'anthropic',
  prompts: true,
  hosts: ['api.anthropic.com'],
  credentials: {
    scheme: 'header:x-api-key',
    placeholder: `sk-ant-api03-tfplaceholder${'0'.repeat(80)}AA`,
    // Not ANTHROPIC_AUTH_TOKEN: with both set the SDKs warn their user, or send both.
    env: ['ANTHROPIC_API_KEY'],
  },
  generated: 'anthropic',
  routes: {
    'POST /v1/messages': {
      action: 'message.create',
      resource: 'model:{model}',
      parameters: call,
      cost: tokens('max_tokens'),
    },
    'POST /v1/messages/count_tokens': {
      action: 'message.count_tokens',
      access: 'read',
      resource: 'model:{model}',
      parameters: { model: call.model },
    },
    'POST /v1/complete': {
      action: 'completion.create',
      resource: 'model:{model}',
      parameters: { model: call.model, stream: call.stream },
      cost: tokens('max_tokens_to_sample'),
    },
    'POST /v1/messages/batches': { action: 'batch.create', resource: 'batch' },
    'GET /v1/messages/batches': { action: 'batch.list', access: 'list', resource: 'batch' },
    'GET /v1/messages/batches/{id}': { action: 'batch.get', resource: 'batch:{id}' },
    'GET /v1/messages/batches/{id}/results': { action: 'batch.results', resource: 'batch:{id}' },
    'POST /v1/messages/batches/{id}/cancel': { action: 'batch.cancel', resource: 'batch:{id}' },
    'DELETE /v1/messages/batches/{id}': { action: 'batch.delete', resource: 'batch:{id}' },
    'GET /v1/models': { action: 'model.list', access: 'list', resource: 'model' },
    'GET /v1/models/{id}': { action: 'model.get', resource: 'model:{id}' },
    'POST /v1/files': { action: 'file.create', resource: 'file' },
    'GET /v1/files': { action: 'file.list', access: 'list', resource: 'file' },
    'GET /v1/files/{id}': { action: 'file.get', resource: 'file:{id}' },
    'GET /v1/files/{id}/content': { action: 'file.content', resource: 'file:{id}' },
    'DELETE /v1/files/{id}': { action: 'file.delete', resource: 'file:{id}' },
    'GET /v1/organizations/api_keys': { action: 'api_key.list', access: 'list', resource: 'api_key' },
    'POST /v1/organizations/api_keys/{id}': {
      action: 'api_key.update',
      access: 'permissions',
      resource: 'api_key:{id}',
    },
    'GET /v1/organizations/users': { action: 'user.list', access: 'list', resource: 'user' },
    'DELETE /v1/organizations/users/{id}': { action: 'user.remove', access: 'permissions', resource: 'user:{id}' },
  },
} satisfies Connector;
