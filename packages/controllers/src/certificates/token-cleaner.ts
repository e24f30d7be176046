/** Removes bootstrap tokens that have expired, to the second. */
import { isApiError } from '@skerry/api';
import type { Secret } from '@skerry/api';
import { keyOf, resources } from '@skerry/client';
import { bootstrapSecretType } from '@skerry/pki';
import { createController, createQueue } from '#runtime/controller.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';
import { splitKey } from '#runtime/status.ts';

export function createTokenCleaner(context: ControllerContext): Controller {
  const { client, informers, clock, log } = context;
  const secrets = informers.informer<Secret>(resources.secrets, {
    namespace: 'kube-system',
    fieldSelector: `type=${bootstrapSecretType}`,
  });
  const queue = createQueue(context);
  secrets.addHandler({
    onAdd: (secret) => queue.add(keyOf(secret)),
    onUpdate: (secret) => queue.add(keyOf(secret)),
  });
  return createController({
    name: 'token-cleaner-controller',
    context,
    waitFor: [secrets],
    queue,
    workers: 1,
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const secret = secrets.get(namespace, name);
      const expiration = Buffer.from(secret?.data?.expiration ?? '', 'base64').toString('utf8');
      if (!secret || secret.type !== bootstrapSecretType || expiration === '') return undefined;
      const endMs = Date.parse(expiration);
      // A time that can't be read must not mean for ever.
      const waitMs = Number.isNaN(endMs) ? 0 : endMs - clock.now();
      if (waitMs > 0) return { afterMs: waitMs };
      const { uid } = secret.metadata;
      await client
        .resource(resources.secrets)
        .delete(name, { namespace, preconditions: { uid } })
        .catch((error: unknown) => {
          if (!isApiError(error, 'NotFound')) throw error;
        });
      log.info('expired bootstrap token deleted', { secret: name });
      return undefined;
    },
  });
}
