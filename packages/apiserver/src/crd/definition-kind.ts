import {
  type AnyObject,
  type CustomResourceDefinition,
  type KindInfo,
  validateNewCustomResourceDefinition,
} from '@skerry/api';
import { definitionFaults } from '#crd/definition-faults.ts';
import { definitions } from '#crd/definition.ts';
import { formatWarnings } from '#crd/format-warnings.ts';

/**
 * The kind CustomResourceDefinition with all that its objects must keep to. What `@skerry/api` knows of it are names and
 * versions; schemas and their rules need the language that rules are written in.
 */
export function withDefinitionRules(info: KindInfo): KindInfo {
  if (info.group !== definitions.group || info.resource !== definitions.resource) return info;
  const { strategy } = info;
  return {
    ...info,
    strategy: {
      ...strategy,
      validate: (object) => [
        ...(strategy.validate?.(object) ?? []),
        ...definitionFaults(asDefinition(object)),
        ...validateNewCustomResourceDefinition(asDefinition(object)),
      ],
      warnings: (object, old) => [
        ...(strategy.warnings?.(object, old) ?? []),
        ...formatWarnings(asDefinition(object), old && asDefinition(old)),
      ],
      // The status is written by servers, of a definition that was judged when it was written.
      validateUpdate: (object, old, subresource = '') => [
        ...(strategy.validateUpdate?.(object, old, subresource) ?? []),
        ...(subresource === 'status' ? [] : definitionFaults(asDefinition(object), asDefinition(old))),
      ],
    },
  };
}

/** The registry only hands objects of the kind, decoded by its schema. */
function asDefinition(object: AnyObject): CustomResourceDefinition {
  return object as unknown as CustomResourceDefinition;
}
