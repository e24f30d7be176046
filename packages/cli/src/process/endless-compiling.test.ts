import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const module = new URL('./endless-compiling.ts', import.meta.url).href;

function bytecodeOfLoop(before: string): string {
  const program = `${before}
    function probe(map) { let found; for (const key in map) found = map[key]; return found; }
    probe({ a: 1 });`;
  const args = [
    '--print-bytecode',
    '--print-bytecode-filter=probe',
    '--input-type=module',
    '--eval',
    program,
  ];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout;
}

test('loops over the keys of maps read their values by ordinary bytecode, which keeps notes of what it read', () => {
  const plain = bytecodeOfLoop('');
  expect(plain).toContain('GetEnumeratedKeyedProperty');
  const mended = bytecodeOfLoop(
    `const { avoidEndlessCompiling } = await import(${JSON.stringify(module)}); avoidEndlessCompiling();`,
  );
  // Functions are compiled when first called, which is after the import.
  expect(mended).toContain('ForInNext');
  expect(mended).not.toContain('GetEnumeratedKeyedProperty');
});
