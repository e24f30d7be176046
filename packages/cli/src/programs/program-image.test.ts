import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { programImage } from './program-image.ts';

const catalogue = join(import.meta.dirname, '../../../../components');

test.each(['load-generator', 'prober'])('%s runs in the image of this very release', (component) => {
  const newest = readdirSync(join(catalogue, component)).sort().at(-1) ?? '';
  const text = readFileSync(join(catalogue, component, newest, 'component.yaml'), 'utf8');
  const { images } = parse(text) as { images: { registry: string; repository: string; tag: string }[] };
  expect(images.map(({ registry, repository, tag }) => `${registry}/${repository}:${tag}`)).toEqual([
    programImage,
  ]);
});
