/** Passphrase: asked on the terminal, unseen, or given as TF_APPROVER_PASSPHRASE. */
import { exitCode, Fault } from '../../src/errors.js';

const least = 8;

async function typed(message: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Fault(
      exitCode.usage,
      'The key needs a passphrase, and there is no terminal to ask for it.',
      'Give it as TF_APPROVER_PASSPHRASE.',
    );
  const { password, isCancel } = await import('@clack/prompts');
  const answer = await password({ message });
  if (isCancel(answer)) throw new Fault(exitCode.failed, 'Nothing was done.');
  return answer ?? '';
}

/** The passphrase of a key that is there. Throws `Fault`. */
export const askPassphrase = async (name: string): Promise<string> =>
  process.env.TF_APPROVER_PASSPHRASE || typed(`Passphrase of ${name}'s key`);

/** One for a new key, typed twice. Throws `Fault`. */
export async function newPassphrase(name: string): Promise<string> {
  const given = process.env.TF_APPROVER_PASSPHRASE;
  const passphrase = given || (await typed(`New passphrase for ${name}'s key`));
  if (passphrase.length < least)
    throw new Fault(
      exitCode.usage,
      `A passphrase has ${least} characters at least.`,
      'Four words are better than one.',
    );
  if (!given && (await typed('Once more')) !== passphrase)
    throw new Fault(exitCode.usage, 'These were two different passphrases.');
  return passphrase;
}
