/** An agent that asks a model, whole and as a stream, and deletes a batch. */
import Anthropic from '@anthropic-ai/sdk';
import { report } from './report.js';

const anthropic = new Anthropic();
const question = { model: 'claude-next', max_tokens: 16, messages: [{ role: 'user' as const, content: 'hello' }] };
await report(
  async () => {
    const whole = await anthropic.messages.create(question);
    const parts: string[] = [];
    for await (const event of await anthropic.messages.create({ ...question, stream: true })) {
      if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') continue;
      parts.push(event.delta.text);
      // The next event is sent when this one has been seen: it can't have been held back.
      if (parts.length < 3) await anthropic.models.retrieve(`seen-${parts.length}`);
    }
    return [whole.content[0]?.type === 'text' && whole.content[0].text, ...parts];
  },
  () => anthropic.messages.batches.delete('batch_1'),
);
