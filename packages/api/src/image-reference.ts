/** A name of an image, taken apart: `registry.example:5000/team/app:1.2@sha256:…`. */
export interface ImageReference {
  /** `docker.io` where none was named. */
  readonly registry: string;
  readonly repository: string;
  /** `latest` where neither tag nor digest was named. */
  readonly tag?: string;
  readonly digest?: string;
}

/** Fills in what users leave out, by the rules of the Docker reference. Undefined for what can't be an image's name. */
export function parseImageReference(text: string): ImageReference | undefined {
  const pattern =
    /^([^@:]+(?::\d+(?=\/)[^@:]*)?)(?::([\w][\w.-]{0,127}))?(?:@([a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?$/;
  const match = pattern.exec(text);
  if (!match?.[1]) return undefined;
  const [, name, tag, digest] = match;
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const named = first === 'localhost' || first.includes('.') || first.includes(':');
  const registry = named ? first : 'docker.io';
  const path = named ? name.slice(slash + 1) : name;
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (!/^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/.test(repository))
    return undefined;
  return { registry, repository, tag: tag ?? (digest ? undefined : 'latest'), digest };
}

/** The full name under which a runtime keeps the image. */
export function normalizeImageReference(text: string): string {
  const reference = parseImageReference(text);
  if (!reference) throw new Error(`${JSON.stringify(text)} is not the name of an image`);
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}
