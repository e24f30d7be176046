import { invalid, type AnyObject, type FieldError } from '@skerry/api';
import { cleanupFinalizer, type Definition } from '#crd/definition.ts';
import { structuralFaults } from '#crd/structural-schema.ts';
import { metadataOf, type KindHooks } from '#registry/registry.ts';

const nothing = () => undefined;

/** What writing a definition needs besides its own rules: structural schemas, and a finalizer that keeps it until its instances are gone. */
export const definitionHooks: KindHooks = {
  beforeCreate(object) {
    refuseUnstructured(object);
    const meta = metadataOf(object);
    meta.finalizers = [...new Set([...(meta.finalizers ?? []), cleanupFinalizer])];
    return Promise.resolve(nothing);
  },
  beforeUpdate(object) {
    refuseUnstructured(object);
    return Promise.resolve(nothing);
  },
};

/** By the first word of a fault. */
const reasons = {
  Required: 'FieldValueRequired',
  Invalid: 'FieldValueInvalid',
  Forbidden: 'FieldValueForbidden',
} as const;

function refuseUnstructured(object: AnyObject): void {
  const { spec } = object as Partial<Definition>;
  const faults: FieldError[] = [];
  for (const [index, version] of (spec?.versions ?? []).entries()) {
    const schema = version.schema?.openAPIV3Schema;
    if (!schema) continue;
    const path = `spec.versions[${index}].schema.openAPIV3Schema`;
    for (const fault of structuralFaults(schema, path)) {
      const kind = fault.message.split(' ', 1)[0]?.replace(':', '') as keyof typeof reasons;
      faults.push({ reason: reasons[kind], ...fault });
    }
  }
  if (faults.length > 0) {
    throw invalid(
      { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
      metadataOf(object).name ?? '',
      faults,
    );
  }
}
