/** An agent that asks a model, whole and as a stream, and deletes a file. */
import OpenAI from 'openai';
import { report } from './report.js';

const openai = new OpenAI();
const question = { model: 'gpt-5', messages: [{ role: 'user' as const, content: 'hello' }] };
await report(
  async () => {
    const whole = await openai.chat.completions.create(question);
    const parts: (string | null | undefined)[] = [];
    for await (const chunk of await openai.chat.completions.create({ ...question, stream: true })) {
      parts.push(chunk.choices[0]?.delta.content);
      // The next event is sent when this one has been seen: it can't have been held back.
      if (parts.length < 3) await openai.models.retrieve(`seen-${parts.length}`);
    }
    return [whole.choices[0]?.message.content, ...parts];
  },
  () => openai.files.delete('file-1'),
);
