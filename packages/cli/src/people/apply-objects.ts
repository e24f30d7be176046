/** Objects of the center's people out of a file, as the local administrator: what lies in a repository is brought to the center. */
import { readFileSync } from 'node:fs';
import type { KubeObject } from '@skerry/api';
import { SkerryError } from '@skerry/base';
import { peopleResources } from '@skerry/center';
import { type ApiClient, type ResourceRef, resources } from '@skerry/client';
import { parseAllDocuments } from 'yaml';

const bytesMax = 1 << 20;
const namespace = 'kube-system';
const fieldManager = 'skerry-user';

/** A Secret for what an identity provider needs; API tokens are made, since only then their secret is known. */
const kinds: Readonly<Record<string, ResourceRef>> = {
  'center.skerry.io/v1 User': peopleResources.users,
  'center.skerry.io/v1 Grant': peopleResources.grants,
  'center.skerry.io/v1 Owner': peopleResources.owners,
  'center.skerry.io/v1 IdentityProvider': peopleResources.identityProviders,
  'v1 Secret': resources.secrets,
};

/** All are read before the first is written. Returns a line for each. */
export async function applyObjects(client: ApiClient, file: string): Promise<string> {
  const lines: string[] = [];
  for (const { object, ref, name } of readObjects(file)) {
    const place = ref.namespaced ? { namespace } : {};
    await client.resource(ref).patch(name, object, { type: 'apply', fieldManager, force: true, ...place });
    lines.push(`${ref.resource}/${name} applied\n`);
  }
  return lines.join('');
}

function readObjects(file: string): { object: KubeObject; ref: ResourceRef; name: string }[] {
  const refuse = (why: string, cause?: unknown) =>
    new SkerryError('config-invalid', `${file === '-' ? 'standard input' : file}: ${why}`, { cause });
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw refuse('it cannot be read', cause);
  }
  if (text.length > bytesMax) throw refuse(`it has more than ${bytesMax} bytes`);
  return parseAllDocuments(text).flatMap((document, index) => {
    const [fault] = document.errors;
    if (fault) throw refuse(fault.message, fault);
    const object = document.toJS({ maxAliasCount: 100 }) as KubeObject | null;
    if (object === null) return [];
    const { apiVersion = '', kind = '', metadata } = object;
    const ref = kinds[`${apiVersion} ${kind}`];
    if (!ref) throw refuse(`document ${index + 1} is none of User, Grant, Owner, IdentityProvider, Secret`);
    if (typeof metadata?.name !== 'string') throw refuse(`document ${index + 1} has no name`);
    return [{ object, ref, name: metadata.name }];
  });
}
