import { parseImageReference } from '@skerry/api';

/** An image as NodeImages name it: its full name, and its tag or digest beside it. Undefined for what is no image. */
export function nameAndTag(image: string): { name: string; tag: string } | undefined {
  const reference = parseImageReference(image);
  if (!reference) return undefined;
  const { registry, repository, tag, digest } = reference;
  return { name: `${registry}/${repository}`, tag: tag ?? digest ?? 'latest' };
}
