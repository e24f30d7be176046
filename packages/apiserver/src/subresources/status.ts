import type { SubresourceHandler } from '#dispatcher.ts';
import { methodNotAllowed, type ResourceHandler } from '#resource-handler.ts';
import type { UpdatedPart } from '#registry/update.ts';

/** A part of the object that is read and written as the whole object is: `status`, `ephemeralcontainers`, `approval`. */
export function partHandler(resources: ResourceHandler, part: UpdatedPart): SubresourceHandler {
  return async (call, exchange) => {
    switch (call.info.verb) {
      case 'get':
        return resources.get(call, exchange);
      case 'update':
        return resources.update(call, exchange, part);
      case 'patch':
        return resources.patch(call, exchange, part);
      default:
        throw methodNotAllowed();
    }
  };
}
