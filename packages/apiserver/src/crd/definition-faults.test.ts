/**
 * Holds what is said about definitions to kube-apiserver 1.36: its answers to definitions that are wrong in one way each,
 * recorded once, are in `testing/definition-faults.json`, to changes of an established one in `definition-changes.json`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnyObject, builtinKinds, cloneJson, type FieldError } from '@skerry/api';
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

interface Changes {
  readonly metadataName: string;
  readonly before: object;
  readonly changes: readonly {
    readonly name: string;
    readonly spec: object;
    readonly faults: readonly string[];
  }[];
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../testing', name), 'utf8'));
}

const recorded = read('definition-faults.json') as readonly Recorded[];
const changed = read('definition-changes.json') as Changes;
const info = withDefinitionRules(
  builtinKinds.find(({ resource }) => resource === 'customresourcedefinitions')!,
);

function definitionOf(name: string, spec: object, annotations?: Readonly<Record<string, string>>): AnyObject {
  const object = cloneJson({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, annotations },
    spec,
  }) as AnyObject;
  info.strategy.setDefaults?.(object);
  info.strategy.prepareForCreate?.(object);
  return object;
}

function told(faults: readonly FieldError[] = []): string[] {
  return faults.map(({ reason, path, message }) => `${reason} ${path}: ${message}`).sort();
}

test.for(recorded)('$name', ({ metadataName, annotations, spec, faults }) => {
  const object = definitionOf(metadataName, spec, annotations);
  expect(told(info.strategy.validate?.(object))).toEqual([...faults].sort());
});

test.for(changed.changes)('a change: $name', ({ spec, faults }) => {
  const old = definitionOf(changed.metadataName, changed.before);
  const conditions = [{ type: 'Established', status: 'True' }];
  old.status = { ...(old.status as object), conditions };
  const next = definitionOf(changed.metadataName, spec);
  next.status = old.status;
  info.strategy.prepareForUpdate?.(next, old);
  expect(told(info.strategy.validateUpdate?.(next, old))).toEqual([...faults].sort());
});
