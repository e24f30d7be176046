/** Hands scripts to the kernel's packet filter: one script is one transaction, so that no packet meets half of it. */
import { runCommand, type RunCommandOptions } from '#kernel/run-command.ts';

type Where = Pick<RunCommandOptions, 'networkNamespace'>;

/** Loads a script. It rejects with nft's words when the kernel refuses it, and then nothing of it holds. */
export async function runNft(script: string, where: Where = {}): Promise<void> {
  const { networkNamespace } = where;
  await runCommand(['nft', '-f', '-'], { networkNamespace, input: script });
}

/** Whether a chain is there. */
export async function hasChain(
  { family, table, chain }: { readonly family: string; readonly table: string; readonly chain: string },
  where: Where = {},
): Promise<boolean> {
  try {
    await runCommand(['nft', 'list', 'chain', family, table, chain], where);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('No such file or directory')) return false;
    throw error;
  }
}
