/**
 * Slack's Web API. https://docs.slack.dev/reference/methods
 * Permissions are about the channel, else the file, canvas, list, user or workspace that a method can't do without.
 */
import type { Access, Connector, Route, RouteRow } from '../src/model.js';

const channel = { channel: 'argument.channel as string' };
const ts = { ...channel, ts: 'argument.ts as string' };
const user = { user: 'argument.user as string' };
const toChannel = { resource: 'channel:{channel}', parameters: channel };
const atMessage = { resource: 'channel:{channel}', parameters: ts };

/** Method → row, with the access that the HTTP method doesn't tell. */
const methods: { readonly [method: string]: RouteRow & { readonly access: Access } } = {
  'api.test': { action: 'api.test', access: 'read' },
  'auth.test': { action: 'auth.test', access: 'read' },
  'auth.revoke': { action: 'auth.revoke', access: 'permissions' },
  'bots.info': { action: 'bot.get', access: 'read' },
  'bookmarks.add': {
    action: 'bookmark.create',
    access: 'write',
    resource: 'channel:{channel_id}',
    parameters: { channel_id: 'argument.channel_id as string' },
  },
  'bookmarks.list': {
    action: 'bookmark.list',
    access: 'list',
    resource: 'channel:{channel_id}',
    parameters: { channel_id: 'argument.channel_id as string' },
  },
  'bookmarks.remove': {
    action: 'bookmark.delete',
    access: 'delete',
    resource: 'channel:{channel_id}',
    parameters: { channel_id: 'argument.channel_id as string' },
  },
  'chat.postMessage': {
    action: 'message.post',
    access: 'write',
    resource: 'channel:{channel}',
    parameters: { ...channel, thread_ts: 'argument.thread_ts as string', username: 'argument.username as string' },
  },
  'chat.postEphemeral': {
    action: 'message.post_ephemeral',
    access: 'write',
    resource: 'channel:{channel}',
    parameters: { ...channel, ...user },
  },
  'chat.meMessage': { action: 'message.post', access: 'write', ...toChannel },
  'chat.scheduleMessage': {
    action: 'message.schedule',
    access: 'write',
    resource: 'channel:{channel}',
    parameters: { ...channel, post_at: 'argument.post_at as integer' },
  },
  'chat.deleteScheduledMessage': { action: 'message.unschedule', access: 'delete', ...toChannel },
  'chat.scheduledMessages.list': { action: 'message.scheduled', access: 'list', ...toChannel },
  'chat.update': { action: 'message.update', access: 'write', ...atMessage },
  'chat.delete': { action: 'message.delete', access: 'delete', ...atMessage },
  'chat.getPermalink': {
    action: 'message.link',
    access: 'read',
    resource: 'channel:{channel}',
    parameters: { ...channel, message_ts: 'argument.message_ts as string' },
  },
  'conversations.list': { action: 'channel.list', access: 'list', parameters: { types: 'argument.types as string' } },
  'conversations.info': { action: 'channel.get', access: 'read', ...toChannel },
  'conversations.history': { action: 'channel.history', access: 'read', ...toChannel },
  'conversations.replies': { action: 'channel.replies', access: 'read', ...atMessage },
  'conversations.members': { action: 'channel.members', access: 'list', ...toChannel },
  'conversations.create': {
    action: 'channel.create',
    access: 'write',
    parameters: { name: 'argument.name as string', is_private: 'argument.is_private as boolean' },
  },
  'conversations.open': { action: 'channel.open', access: 'write', ...toChannel },
  'conversations.close': { action: 'channel.close', access: 'write', ...toChannel },
  'conversations.join': { action: 'channel.join', access: 'write', ...toChannel },
  'conversations.leave': { action: 'channel.leave', access: 'write', ...toChannel },
  'conversations.mark': { action: 'channel.mark', access: 'write', ...atMessage },
  'conversations.rename': {
    action: 'channel.rename',
    access: 'write',
    resource: 'channel:{channel}',
    parameters: { ...channel, name: 'argument.name as string' },
  },
  'conversations.setTopic': { action: 'channel.set_topic', access: 'write', ...toChannel },
  'conversations.setPurpose': { action: 'channel.set_purpose', access: 'write', ...toChannel },
  'conversations.archive': { action: 'channel.archive', access: 'delete', ...toChannel },
  'conversations.unarchive': { action: 'channel.unarchive', access: 'write', ...toChannel },
  'conversations.invite': {
    action: 'channel.invite',
    access: 'permissions',
    resource: 'channel:{channel}',
    parameters: { ...channel, users: 'argument.users as string' },
  },
  'conversations.inviteShared': { action: 'channel.invite_shared', access: 'permissions', ...toChannel },
  'conversations.kick': {
    action: 'channel.kick',
    access: 'permissions',
    resource: 'channel:{channel}',
    parameters: { ...channel, ...user },
  },
  'emoji.list': { action: 'emoji.list', access: 'list' },
  'files.list': { action: 'file.list', access: 'list', ...toChannel },
  'files.info': {
    action: 'file.get',
    access: 'read',
    resource: 'file:{file}',
    parameters: { file: 'argument.file as string' },
  },
  'files.delete': {
    action: 'file.delete',
    access: 'delete',
    resource: 'file:{file}',
    parameters: { file: 'argument.file as string' },
  },
  'files.upload': { action: 'file.upload', access: 'write', parameters: { channels: 'argument.channels as string' } },
  'files.getUploadURLExternal': {
    action: 'file.start_upload',
    access: 'write',
    parameters: { filename: 'argument.filename as string', length: 'argument.length as integer' },
  },
  // To several channels at once it is about none that could be named: unclassified.
  'files.completeUploadExternal': {
    action: 'file.upload',
    access: 'write',
    when: { 'argument.channels as absent': true },
    resource: 'channel:{channel_id}',
    parameters: { channel_id: 'argument.channel_id as string' },
  },
  'files.sharedPublicURL': {
    action: 'file.publish',
    access: 'permissions',
    resource: 'file:{file}',
    parameters: { file: 'argument.file as string' },
  },
  'files.revokePublicURL': {
    action: 'file.unpublish',
    access: 'permissions',
    resource: 'file:{file}',
    parameters: { file: 'argument.file as string' },
  },
  'pins.add': { action: 'pin.add', access: 'write', ...toChannel },
  'pins.list': { action: 'pin.list', access: 'list', ...toChannel },
  'pins.remove': { action: 'pin.remove', access: 'delete', ...toChannel },
  'reactions.add': { action: 'reaction.add', access: 'write', ...toChannel },
  'reactions.get': { action: 'reaction.get', access: 'read', ...toChannel },
  'reactions.list': { action: 'reaction.list', access: 'list' },
  'reactions.remove': { action: 'reaction.remove', access: 'delete', ...toChannel },
  'reminders.add': { action: 'reminder.create', access: 'write' },
  'reminders.list': { action: 'reminder.list', access: 'list' },
  'search.messages': { action: 'message.search', access: 'list' },
  'search.files': { action: 'file.search', access: 'list' },
  'team.info': { action: 'team.get', access: 'read' },
  'usergroups.list': { action: 'usergroup.list', access: 'list' },
  'usergroups.create': { action: 'usergroup.create', access: 'permissions' },
  'usergroups.update': { action: 'usergroup.update', access: 'permissions' },
  'usergroups.disable': { action: 'usergroup.disable', access: 'permissions' },
  'usergroups.users.update': { action: 'usergroup.set_users', access: 'permissions' },
  'users.list': { action: 'user.list', access: 'list' },
  'users.info': { action: 'user.get', access: 'read', resource: 'user:{user}', parameters: user },
  'users.lookupByEmail': { action: 'user.find', access: 'read' },
  'users.conversations': { action: 'user.channels', access: 'list', resource: 'user:{user}', parameters: user },
  'users.getPresence': { action: 'user.presence', access: 'read', resource: 'user:{user}', parameters: user },
  'users.profile.get': { action: 'user.profile', access: 'read', resource: 'user:{user}', parameters: user },
  'users.profile.set': { action: 'user.set_profile', access: 'write', resource: 'user:{user}', parameters: user },
  'views.open': { action: 'view.open', access: 'write' },
  'views.publish': { action: 'view.publish', access: 'write' },
  'views.update': { action: 'view.update', access: 'write' },
};

/** Administration of a workspace or organisation by a method that the table lacks: the method is the parameter. */
const admin: Route = (_, path) =>
  /^[a-zA-Z]+(\.[a-zA-Z]+)+$/.test(path.method!) && path.method!.startsWith('admin.')
    ? { action: 'admin.call', access: 'permissions', resource: 'workspace', parameters: { method: path.method! } }
    : null;

const routes: { [methodAndTemplate: string]: Route } = { 'GET /api/{method}': admin, 'POST /api/{method}': admin };
for (const [method, row] of Object.entries(methods)) {
  routes[`GET /api/${method}`] = row;
  routes[`POST /api/${method}`] = row;
}

export default {
  name: 'slack',
  hosts: ['slack.com', 'www.slack.com'],
  credentials: {
    scheme: 'bearer',
    placeholder: 'xoxb-000000000000-0000000000000-tfplaceholder00000000000',
    env: ['SLACK_BOT_TOKEN', 'SLACK_TOKEN', 'SLACK_USER_TOKEN', 'SLACK_API_TOKEN'],
  },
  generated: 'slack',
  routes,
  // Slack's own SDK for Node takes only a 200 for an answer: any other status it sends again for half an hour.
  // Its SDK waits for as long as a 429 says: for minutes, not for a day.
  refusal: ({ code, detail, status, long_wait }, agent) => ({
    body: { ok: false, ...(isWebClient(agent) && { error: `${code}: ${detail}` }) },
    ...(isWebClient(agent) && (status !== 429 || long_wait) && status !== 503 && { status: 200 }),
  }),
} satisfies Connector;

const isWebClient = (agent = ''): boolean => /(^|\s)@slack:web-api\//.test(agent);
