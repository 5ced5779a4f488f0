/**
 * HashiCorp Vault and OpenBao: AppRole login, one read, and no token left behind. Source: Vault's HTTP API (AppRole auth
 * method, KV versions 1 and 2, `sys/leases/revoke`, `auth/token/revoke-self`).
 */
import type { Field, Scheme } from '../../model.js';
import { valueFault } from '../scheme.js';
import type { Members } from '../structured.js';
import {
  type Call,
  type Document,
  documentOf,
  jsonFields,
  type Kind,
  type Meanings,
  NoToken,
  secondsIn,
  textOf,
  tokenIn,
} from './kind.js';

/** A value is asked for anew after this many seconds. */
const lifetime = 60;

const rotate = 'A secret_id may have ended: store another with `tf secret rotate`.';
const notReady = ['is sealed, or not ready', 'Whoever runs it must unseal it.'] as const;
const ofLogin: Meanings = {
  400: ['does not accept role_id and secret_id', rotate],
  403: ['does not accept role_id and secret_id', rotate],
  404: ['has no AppRole there', 'Look at address, namespace and auth_mount.'],
  503: notReady,
};
const ofRead: Meanings = {
  403: ['does not let the role read that path', 'A policy of the role must allow it.'],
  404: ['has nothing at that path', 'Look at mount, path and namespace.'],
  503: notReady,
};

const objectAt = (document: Document, name: string): Document => {
  const value = document[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : {};
};

const trimmed = (members: Members, name: string): string => textOf(members, name).replace(/^\/+|\/+$/g, '');

/** The field of what was read. For `sigv4`, what an AWS secrets engine gives is taken as it is. */
function valueIn(document: Document, members: Members, inner: Scheme, host: string): Buffer {
  const outer = objectAt(document, 'data');
  // Version 2 of KV wraps what it holds, and says what it knows of it (a version, when it was made).
  const data = 'metadata' in outer && 'data' in outer ? objectAt(outer, 'data') : outer;
  const { access_key, secret_key, security_token } = data;
  const found =
    inner === 'sigv4' && typeof access_key === 'string'
      ? JSON.stringify({
          access_key_id: access_key,
          secret_access_key: secret_key,
          ...(typeof security_token === 'string' && { session_token: security_token }),
        })
      : data[textOf(members, 'field')];
  if (typeof found !== 'string') throw new NoToken(`what ${host} holds at its path has no such field, as text`);
  const value = Buffer.from(found);
  const fault = valueFault(inner, value);
  if (fault !== null) throw new NoToken(`what ${host} holds can't be sent as ${inner}: ${fault}`);
  return value;
}

export const vault: Kind = function* (members, { scheme }) {
  const inner = scheme.slice('vault:'.length) as Scheme;
  const address = textOf(members, 'address').replace(/\/+$/, '');
  const { host } = new URL(address);
  const namespace = textOf(members, 'namespace');
  const fixed: readonly Field[] = [
    ['x-vault-request', 'true'],
    ...(namespace === '' ? [] : ([['x-vault-namespace', namespace]] as const)),
  ];
  const login: Call = {
    step: 'login',
    method: 'POST',
    url: `${address}/v1/auth/${trimmed(members, 'auth_mount') || 'approle'}/login`,
    fields: [...jsonFields, ...fixed],
    body: JSON.stringify({ role_id: members.role_id, secret_id: members.secret_id }),
  };
  const auth = objectAt(documentOf(login, yield login, ofLogin), 'auth');
  const token = tokenIn(auth.client_token, login).toString('latin1');
  const fields: readonly Field[] = [...jsonFields, ...fixed, ['x-vault-token', token]];
  const leave: Call = {
    step: 'revoke',
    method: 'POST',
    url: `${address}/v1/auth/token/revoke-self`,
    fields,
    body: null,
    optional: true,
  };
  let kept = false;
  try {
    const mount = trimmed(members, 'mount');
    const path = mount === '' ? trimmed(members, 'path') : `${mount}/data/${trimmed(members, 'path')}`;
    const read: Call = { step: 'read', method: 'GET', url: `${address}/v1/${path}`, fields, body: null };
    const document = documentOf(read, yield read, ofRead);
    const value = valueIn(document, members, inner, host);
    const lease = document.lease_id;
    if (typeof lease !== 'string' || lease === '') return { scheme: inner, value, seconds: lifetime };
    // What was made for us lives as long as the token that it was made under, and is taken back with it.
    kept = true;
    const revoke: Call = {
      ...leave,
      method: 'PUT',
      url: `${address}/v1/sys/leases/revoke`,
      body: JSON.stringify({ lease_id: lease }),
    };
    const seconds = Math.min(lifetime, secondsIn(document.lease_duration, lifetime));
    return { scheme: inner, value, seconds, after: [revoke, leave] };
  } finally {
    if (!kept) yield leave;
  }
};
