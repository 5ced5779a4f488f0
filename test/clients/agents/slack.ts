/** An agent that posts to a channel and deletes what was posted. */
import { LogLevel, WebClient } from '@slack/web-api';
import { report } from './report.js';

const slack = new WebClient(process.env.SLACK_BOT_TOKEN, { logLevel: LogLevel.ERROR });
await report(
  async () => (await slack.chat.postMessage({ channel: 'C1', text: 'hello' })).ts,
  () => slack.chat.delete({ channel: 'C1', ts: '1700000000.000100' }),
);
