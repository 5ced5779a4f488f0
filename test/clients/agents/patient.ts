/** An agent that does one thing with the SDK that it is told, as its documentation shows it: what it waits for is the SDK's matter. */
import Anthropic from '@anthropic-ai/sdk';
import { retry } from '@octokit/plugin-retry';
import { Octokit } from '@octokit/rest';
import OpenAI from 'openai';
import Stripe from 'stripe';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const doings: Readonly<Record<string, () => Promise<unknown>>> = {
  async octokit() {
    const Patient = Octokit.plugin(retry);
    const octokit = new Patient({ auth: process.env.GITHUB_TOKEN, log });
    const { status } = await octokit.rest.pulls.merge({ owner: 'acme', repo: 'site', pull_number: 7 });
    return status;
  },
  openai: async () => (await new OpenAI().files.delete('file-1')).deleted,
  anthropic: async () => (await new Anthropic().messages.batches.delete('batch_1')).id,
  async stripe() {
    const stripe = new Stripe(process.env.STRIPE_API_KEY!, { maxNetworkRetries: 3 });
    const charge = { amount: 4200, currency: 'usd', source: 'tok_visa' };
    return (await stripe.charges.create(charge, { idempotencyKey: 'order-7' })).amount;
  },
};
console.log(JSON.stringify(await doings[process.argv[2]!]!()));
// Stripe's SDK leaves an answer after which it tries again unread, and its connection open with it.
process.exit(0);
