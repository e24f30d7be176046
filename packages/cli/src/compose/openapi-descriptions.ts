/**
 * Field descriptions for `kubectl explain`: read at the first question from the cache that set-up made, and only then,
 * since they are large and rarely asked for. Without the cache, fields are explained by name and type alone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Places where the cache may lie: beside the bundle's folder, or at the root of the sources. */
function candidates(): string[] {
  const folders = ['..', '../..', '../../..', '../../../..'];
  return folders.map((folder) => join(import.meta.dirname, folder, '.cache/openapi-descriptions.json'));
}

export function readDescriptions(): Descriptions {
  for (const file of candidates()) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Descriptions;
    } catch {
      // Perhaps in the next place.
    }
  }
  return {};
}
