/**
 * Nothing is created in a namespace that is missing or on its way out, and the namespaces the system stands on stay.
 * The cache may be a moment behind the write that made the namespace, so a missing one is looked for again before refusing.
 */
import { type Namespace, forbidden, groupResourceText, notFound } from '@skerry/api';
import { type Clock, sleep } from '@skerry/base';
import type { AdmissionPlugin } from '#admission/plugin.ts';
import type { ObjectReader } from '#security.ts';

const namespaces = { group: '', resource: 'namespaces' };
const immortal = new Set(['default', 'kube-system', 'kube-public']);
/** Reviews ask a question and store nothing. */
const storedNowhere = new Set(['localsubjectaccessreviews.authorization.k8s.io']);
const lookAgain = { times: 10, everyMs: 10 };

export function namespaceLifecycle(parts: {
  readonly read: ObjectReader;
  readonly clock: Clock;
}): AdmissionPlugin {
  const { read, clock } = parts;

  async function find(name: string): Promise<Namespace | undefined> {
    for (let attempt = 0; ; attempt++) {
      const found = read.get<Namespace>(namespaces, name);
      if (found || attempt >= lookAgain.times) return found;
      await sleep(clock, lookAgain.everyMs);
    }
  }

  return {
    name: 'NamespaceLifecycle',
    async mutate({ operation, kind, resource, namespace, name }) {
      const target = { group: kind.group, resource };
      if (operation !== 'CREATE' || !kind.namespaced || namespace === '') return;
      if (storedNowhere.has(groupResourceText(target))) return;
      const found = await find(namespace);
      if (!found) throw notFound(namespaces, namespace);
      if (found.status?.phase !== 'Terminating' && !found.metadata.deletionTimestamp) return;
      const error = forbidden(
        target,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
      error.status.details = {
        ...error.status.details,
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      };
      throw error;
    },
    validate({ operation, kind, resource, subresource, name }) {
      if (operation !== 'DELETE' || kind.group !== '' || resource !== 'namespaces' || subresource !== '')
        return;
      if (immortal.has(name)) throw forbidden(namespaces, name, 'this namespace may not be deleted');
    },
  };
}
