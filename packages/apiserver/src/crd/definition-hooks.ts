import { cleanupFinalizer, setCondition, type Definition } from '#crd/definition.ts';
import { metadataOf, type KindHooks } from '#registry/registry.ts';

/** Whoever deletes a definition sees from then on that it goes; a finalizer keeps it until its instances are gone. */
export const definitionHooks: KindHooks = {
  beforeDelete(object, now) {
    const meta = metadataOf(object);
    if (meta.deletionTimestamp) return;
    meta.finalizers = [...new Set([...(meta.finalizers ?? []), cleanupFinalizer])];
    setCondition(
      object as Definition,
      {
        type: 'Terminating',
        status: 'True',
        reason: 'InstanceDeletionPending',
        message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      },
      now,
    );
  },
};
