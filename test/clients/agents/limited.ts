/** An agent that does the same twice, with the SDK that it is told. */
import Anthropic from '@anthropic-ai/sdk';
import { Octokit } from '@octokit/rest';
import { LogLevel, WebClient } from '@slack/web-api';
import OpenAI from 'openai';
import Stripe from 'stripe';
import { report } from './report.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const calls: { readonly [sdk: string]: () => Promise<unknown> } = {
  octokit: () =>
    new Octokit({ auth: process.env.GITHUB_TOKEN, log: quiet }).rest.issues.listForRepo({
      owner: 'acme',
      repo: 'site',
    }),
  stripe: () => new Stripe(process.env.STRIPE_API_KEY!).charges.retrieve('ch_1'),
  slack: () =>
    new WebClient(process.env.SLACK_BOT_TOKEN, { logLevel: LogLevel.ERROR }).chat.postMessage({
      channel: 'C1',
      text: 'hello',
    }),
  openai: () => new OpenAI().models.retrieve('gpt-5'),
  anthropic: () => new Anthropic().models.retrieve('claude-sonnet-4-5'),
};
const call = calls[process.argv[2]!]!;
await report(async () => (await call()) !== undefined, call);
