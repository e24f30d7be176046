import type { Namespace } from '#types.generated.ts';
import {
  validateNamespace,
  validateNamespaceFinalize,
  validateNamespaceStatus,
} from '#validation/core/namespace.ts';
import { dnsLabelFaults } from '#validation/names.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn } from '#kinds/columns.ts';

/** Kept as the first finalizer of the spec until the namespace is empty. */
const namespaceFinalizer = 'kubernetes';

export const namespaceBehaviour = behaviour<Namespace>({
  nameRule: dnsLabelFaults,
  columns: [nameColumn, column<Namespace>('Status', (namespace) => namespace.status?.phase), ageColumn],
  strategy: {
    setDefaults(namespace) {
      const { name } = namespace.metadata;
      if (name) (namespace.metadata.labels ??= {})['kubernetes.io/metadata.name'] = name;
      namespace.status ??= {};
      namespace.status.phase ||= 'Active';
      namespace.spec ??= {};
    },
    validate: validateNamespace,
    validateUpdate: () => [],
    validateStatus: validateNamespaceStatus,
    validateSubresource: validateNamespaceFinalize,
    prepareForCreate(namespace) {
      namespace.status = { phase: 'Active' };
      const finalizers = (namespace.spec ??= {}).finalizers ?? [];
      namespace.spec.finalizers = finalizers.includes(namespaceFinalizer)
        ? finalizers
        : [...finalizers, namespaceFinalizer];
    },
    prepareForUpdate(namespace, old) {
      // Spec finalizers only change through the finalize subresource.
      if (old.spec?.finalizers) (namespace.spec ??= {}).finalizers = [...old.spec.finalizers];
    },
  },
});
