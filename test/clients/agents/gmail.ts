/** An agent that reads and sends mail, and deletes a message. */
import { auth, gmail } from '@googleapis/gmail';
import { report } from './report.js';

const client = new auth.OAuth2();
client.setCredentials({ access_token: process.env.GOOGLE_OAUTH_ACCESS_TOKEN ?? '' });
const { messages } = gmail({ version: 'v1', auth: client }).users;
const raw = Buffer.from('To: ann@acme.dev\r\nSubject: Hello\r\n\r\nText').toString('base64url');
await report(
  async () => {
    const found = (await messages.list({ userId: 'me', q: 'is:unread', maxResults: 2 })).data.messages;
    const sent = await messages.send({ userId: 'me', requestBody: { raw, threadId: 't1' } });
    // With a file of its own, the client sends it in parts to another path.
    const media = { mimeType: 'message/rfc822', body: 'Subject: Hello\r\n\r\nText' };
    const uploaded = await messages.send({ userId: 'me', requestBody: {}, media });
    return [found?.[0]?.id, sent.data.id, uploaded.data.id];
  },
  () => messages.delete({ userId: 'me', id: 'm1' }),
);
