import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';

/** `skerry image`: this program as an image, for registries of one's own. */
export function addImageCommand(program: Command): void {
  program
    .command('image')
    .description('write an image of this program, which its own components run, as an OCI archive')
    .requiredOption('--output <file>', 'where to; `ctr -n k8s.io images import` and registries take it')
    .action(async ({ output }: { output: string }) => {
      const { programImage, writeProgramImage } = await import('#programs/program-image.ts');
      await writeProgramImage(resolve(output), dirname(process.argv[1] ?? ''));
      process.stdout.write(`${programImage} in ${output}\n`);
    });
}
