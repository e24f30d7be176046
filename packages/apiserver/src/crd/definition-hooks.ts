import { cleanupFinalizer } from '#crd/definition.ts';
import { metadataOf, type KindHooks } from '#registry/registry.ts';

const nothing = () => undefined;

/** A finalizer keeps a definition until its instances are gone. */
export const definitionHooks: KindHooks = {
  beforeCreate(object) {
    const meta = metadataOf(object);
    meta.finalizers = [...new Set([...(meta.finalizers ?? []), cleanupFinalizer])];
    return Promise.resolve(nothing);
  },
};
