/** An agent that reads a charge and makes one. */
import Stripe from 'stripe';
import { report } from './report.js';

const stripe = new Stripe(process.env.STRIPE_API_KEY!);
await report(
  async () => (await stripe.charges.retrieve('ch_1')).amount,
  () => stripe.charges.create({ amount: 4200, currency: 'usd', source: 'tok_visa' }),
);
