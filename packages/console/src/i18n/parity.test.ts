/** What the type check can't see of the languages: place-holders, plurals, and ids that stand twice. */
import { readdirSync } from 'node:fs';
import { taskSayings, taskTitles } from '@skerry/center/contract';
import { describe, expect, test } from 'vitest';
import { en } from './en/index.ts';
import { ja } from './ja/index.ts';
import { zh } from './zh/index.ts';

const english: Readonly<Record<string, string>> = en;

function placeholders(text: string): string[] {
  return [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1] ?? '').sort();
}

describe.each([
  ['ja', ja],
  ['zh', zh],
])('%s', (_, language: Readonly<Record<string, string>>) => {
  test('says all that English says, with the same place-holders', () => {
    const different = Object.entries(english)
      .filter(([id]) => !id.endsWith('_one'))
      .filter(
        ([id, text]) => placeholders(language[id] ?? '∅{{missing}}').join() !== placeholders(text).join(),
      )
      .map(([id]) => id);
    expect(different).toEqual([]);
  });

  test('leaves nothing empty', () => {
    expect(Object.keys(language).filter((id) => language[id]?.trim() === '')).toEqual([]);
  });
});

test('a plural has both forms in English', () => {
  const ids = Object.keys(english);
  const odd = ids.filter((id) => id.endsWith('_one') && !ids.includes(id.replace(/_one$/, '_other')));
  expect(odd).toEqual([]);
});

test('no two areas use one id', async () => {
  const seen = new Map<string, string>();
  const twice: string[] = [];
  for (const file of readdirSync(new URL('./en', import.meta.url)).filter((name) => name !== 'index.ts')) {
    const area = (await import(new URL(`./en/${file}`, import.meta.url).href)) as Record<string, object>;
    for (const id of Object.values(area).flatMap((messages) => Object.keys(messages))) {
      if (seen.has(id)) twice.push(`${id}: ${seen.get(id)}, ${file}`);
      seen.set(id, file);
    }
  }
  expect(twice).toEqual([]);
});

test('tasks read in English as the center tells them', () => {
  const told = Object.fromEntries([
    ...Object.entries(taskSayings).map(([code, text]) => [`tasks.says.${code}`, text]),
    ...Object.entries(taskTitles).map(([code, text]) => [`tasks.titled.${code}`, text]),
  ]);
  expect(Object.fromEntries(Object.entries(english).filter(([id]) => id in told))).toEqual(told);
});
