// What an agent does by itself, judged by the same policy as its requests: a refund in a system of one's own.
// Run it behind a gateway: tf run -- billing-agent node examples/guard/agent.mjs
import { bind, guard, issue, Refused } from 'tollfence';

const { principalId, boundAt } = await bind();
console.log(`acting as ${principalId} since ${boundAt}`);

// For this task alone, for a minute: one action, on one thing.
const grant = await issue({
  task: 'refund order 4711',
  actions: ['billing.refund'],
  resources: ['order:4711'],
  ttl: '1m',
});

const refund = order => ({ order, state: 'refunded' });

const { evidenceId, value } = await guard(grant, () => refund('4711'));
console.log(`${value.state} order ${value.order}, allowed by ${evidenceId}`);

try {
  await guard(grant, { action: 'billing.refund', resource: 'order:4712' }, () => refund('4712'));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.log(
    `order 4712: ${error.code} by ${error.rule?.replace(/gr_.*/, 'its grant')} (${error.evidenceId === null ? 'no entry' : 'recorded'})`,
  );
}
