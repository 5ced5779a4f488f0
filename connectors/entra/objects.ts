/**
 * What can be done with the objects of a directory, by method and path. `{}` is an id; names are Microsoft's own, in lower
 * case, for the API takes them in any. https://learn.microsoft.com/graph/api/resources/azure-ad-overview
 */
import type { Meaning } from '../../src/model.js';

type Known = Pick<Meaning, 'action' | 'access' | 'hints'>;

const read = (action: string): Known => ({ action, access: 'read' });
const list = (action: string): Known => ({ action, access: 'list' });
const write = (action: string): Known => ({ action, access: 'write' });
const rights = (action: string): Known => ({ action, access: 'permissions' });
/** For thirty days a deleted object can be restored. */
const remove = (action: string): Known => ({ action, access: 'delete', hints: ['destructive'] });

/** Get, list, create, update and delete. What an application is set to decides what may sign in as it. */
const object = (path: string, name: string, change = write): readonly (readonly [string, Known])[] => [
  [`GET ${path}`, list(`${name}.list`)],
  [`GET ${path}/$count`, list(`${name}.list`)],
  [`GET ${path}/delta`, list(`${name}.list`)],
  [`POST ${path}`, change(`${name}.create`)],
  [`GET ${path}/{}`, read(`${name}.get`)],
  [`PATCH ${path}/{}`, change(`${name}.update`)],
  [`DELETE ${path}/{}`, remove(`${name}.delete`)],
];

/** A list of other objects, to which one adds references and from which one takes them away. */
const references = (path: string, name: string): readonly (readonly [string, Known])[] => [
  [`GET ${path}`, list(`${name}.list`)],
  [`GET ${path}/$ref`, list(`${name}.list`)],
  [`GET ${path}/$count`, list(`${name}.list`)],
  [`POST ${path}/$ref`, rights(`${name}.add`)],
  [`DELETE ${path}/{}/$ref`, rights(`${name}.remove`)],
];

const lists = (path: string, name: string, ...words: readonly string[]): readonly (readonly [string, Known])[] =>
  words.map(word => [`GET ${path}/{}/${word}`, list(`${name}.${word.replaceAll('/', '_')}`)] as const);

/** Asked with a POST, and changes nothing. */
const questions = (path: string, name: string): readonly (readonly [string, Known])[] =>
  ['getmembergroups', 'getmemberobjects', 'checkmembergroups', 'checkmemberobjects'].map(
    word => [`POST ${path}/{}/${word}`, read(`${name}.memberships`)] as const,
  );

/** What is granted to an object, or to others in it. */
const grants = (path: string, name: string): readonly (readonly [string, Known])[] => [
  [`GET ${path}`, list(`${name}.list`)],
  [`POST ${path}`, rights(`${name}.create`)],
  [`GET ${path}/{}`, read(`${name}.get`)],
  [`PATCH ${path}/{}`, rights(`${name}.update`)],
  [`DELETE ${path}/{}`, rights(`${name}.delete`)],
];

/** Keys and passwords of applications. */
const credentials = (path: string, name: string): readonly (readonly [string, Known])[] =>
  [
    ['addpassword', 'add_password'],
    ['removepassword', 'remove_password'],
    ['addkey', 'add_key'],
    ['removekey', 'remove_key'],
    ['addtokensigningcertificate', 'add_certificate'],
  ].map(([word, verb]) => [`POST ${path}/{}/${word}`, rights(`${name}.${verb}`)] as const);

/** `METHOD path` → what it is. */
export const known: ReadonlyMap<string, Known> = new Map([
  ...object('users', 'user'),
  ...lists('users', 'user', 'memberof', 'transitivememberof', 'directreports', 'owneddevices', 'registereddevices'),
  ...lists('users', 'user', 'ownedobjects', 'createdobjects', 'licensedetails', 'oauth2permissiongrants'),
  ...questions('users', 'user'),
  ...grants('users/{}/approleassignments', 'user.app_role'),
  ['GET users/{}/manager', read('user.manager.get')],
  ['PUT users/{}/manager/$ref', write('user.manager.set')],
  ['DELETE users/{}/manager/$ref', write('user.manager.remove')],
  ['POST users/{}/revokesigninsessions', rights('user.revoke_sessions')],
  ['POST users/{}/invalidateallrefreshtokens', rights('user.revoke_sessions')],
  ['POST users/{}/changepassword', rights('user.change_password')],
  ['POST users/{}/assignlicense', write('user.assign_license')],
  ['GET users/{}/authentication/methods', list('user.authentication.list')],
  ['POST users/{}/authentication/methods/{}/resetpassword', rights('user.reset_password')],
  ...[
    ['email', 'email'],
    ['phone', 'phone'],
    ['fido2', 'fido2'],
    ['microsoftauthenticator', 'authenticator'],
    ['softwareoath', 'software_oath'],
    ['temporaryaccesspass', 'temporary_access_pass'],
    ['windowshelloforbusiness', 'windows_hello'],
  ].flatMap(([word, name]) => grants(`users/{}/authentication/${word}methods`, `user.authentication.${name}`)),

  ...object('groups', 'group'),
  ...references('groups/{}/members', 'group.member'),
  ...references('groups/{}/owners', 'group.owner'),
  ...lists('groups', 'group', 'transitivemembers', 'memberof', 'transitivememberof'),
  ...questions('groups', 'group'),
  ...grants('groups/{}/approleassignments', 'group.app_role'),
  ['POST groups/{}/assignlicense', write('group.assign_license')],
  ['POST groups/{}/renew', write('group.renew')],

  ...object('applications', 'application', rights),
  ...references('applications/{}/owners', 'application.owner'),
  ...credentials('applications', 'application'),
  ...grants('applications/{}/federatedidentitycredentials', 'application.federated_credential'),

  ...object('serviceprincipals', 'service_principal', rights),
  ...references('serviceprincipals/{}/owners', 'service_principal.owner'),
  ...credentials('serviceprincipals', 'service_principal'),
  ...lists('serviceprincipals', 'service_principal', 'memberof', 'transitivememberof', 'oauth2permissiongrants'),
  ...grants('serviceprincipals/{}/approleassignments', 'service_principal.app_role'),
  ...grants('serviceprincipals/{}/approleassignedto', 'service_principal.assigned'),

  ...object('directoryroles', 'directory_role', rights),
  ...references('directoryroles/{}/members', 'directory_role.member'),
  ...object('devices', 'device'),
  ...references('devices/{}/registeredowners', 'device.owner'),
  ...references('devices/{}/registeredusers', 'device.user'),
  ...lists('devices', 'device', 'memberof', 'transitivememberof'),

  ['GET directory/deleteditems', list('deleted_item.list')],
  ['GET directory/deleteditems/{}', read('deleted_item.get')],
  ['POST directory/deleteditems/{}/restore', rights('deleted_item.restore')],
  [
    'DELETE directory/deleteditems/{}',
    { action: 'deleted_item.delete', access: 'delete', hints: ['destructive', 'irreversible'] },
  ],
  ...grants('rolemanagement/directory/roleassignments', 'role_assignment'),
  ...grants('rolemanagement/directory/roledefinitions', 'role_definition'),
  ...grants('oauth2permissiongrants', 'permission_grant'),
  ['POST invitations', rights('invitation.create')],
  ['GET organization', list('organization.list')],
  ['GET domains', list('domain.list')],
  ['GET subscribedskus', list('sku.list')],
]);

/** Collections whose path alone names the object that a permission is about, and the type of it. */
export const types: { readonly [collection: string]: string } = {
  users: 'user',
  groups: 'group',
  applications: 'application',
  serviceprincipals: 'service_principal',
  directoryroles: 'directory_role',
  devices: 'device',
};
