/**
 * Holds what is said about definitions to kube-apiserver 1.36: its answers to definitions that are wrong in one way each,
 * recorded once, are in `testing/definition-faults.json`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnyObject, builtinKinds, cloneJson } from '@skerry/api';
import { expect, test } from 'vitest';
import { withDefinitionRules } from '#crd/definition-kind.ts';

interface Recorded {
  readonly name: string;
  readonly metadataName: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: object;
  /** `reason path: message`. */
  readonly faults: readonly string[];
}

const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testing/definition-faults.json'), 'utf8'),
) as readonly Recorded[];
const info = withDefinitionRules(
  builtinKinds.find(({ resource }) => resource === 'customresourcedefinitions')!,
);

function faultsOf({ metadataName, annotations, spec }: Recorded): string[] {
  const object = cloneJson({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: metadataName, annotations },
    spec,
  }) as AnyObject;
  info.strategy.setDefaults?.(object);
  info.strategy.prepareForCreate?.(object);
  const faults = info.strategy.validate?.(object) ?? [];
  return faults.map(({ reason, path, message }) => `${reason} ${path}: ${message}`).sort();
}

test.for(recorded)('$name', (definition) => {
  expect(faultsOf(definition)).toEqual([...definition.faults].sort());
});
