/** Slices of device pools: what drivers publish about the devices of nodes. */
import type { FieldError } from '#status.ts';
import type {
  CounterSet,
  Device,
  DeviceCounterConsumption,
  ResourcePool,
  ResourceSlice,
  ResourceSliceSpec,
} from '#types.generated.ts';
import { checkImmutable, checkReasons, invalidValue, required, sameJson } from '#validation/faults.ts';
import { dnsSubdomainFaults } from '#validation/names.ts';
import { checkNodeSelector } from '#validation/node-selector.ts';
import { checkAttribute } from '#validation/resource/attributes.ts';
import { checkSharedCapacity, checkWholeCapacity } from '#validation/resource/capacity.ts';
import { checkList, checkMap, checkSet } from '#validation/resource/collections.ts';
import {
  checkCounterSetName,
  checkDriverName,
  checkLabelName,
  checkPoolName,
  checkQualifiedName,
  qualifiedNameLengthMax,
} from '#validation/resource/names.ts';
import { checkBindingConditions, checkDeviceTaint } from '#validation/resource/taints.ts';
import { typedForm } from '#validation/typed-form.ts';

const devicesMax = 128;
const richDevicesMax = 64;
const counterSetsMax = 8;
const countersMax = 32;
const consumptionsMax = 2;
const taintsMax = 16;
const factsMax = 32;
const labelLengthMax = 63;

export function validateResourceSlice(slice: ResourceSlice, old?: ResourceSlice): FieldError[] {
  const faults: FieldError[] = [];
  const spec = slice.spec ?? {};
  checkDriverName(faults, spec.driver, 'spec.driver');
  checkPool(faults, spec.pool, 'spec.pool');
  if (old) {
    checkImmutable(faults, 'spec.pool.name', spec.pool?.name, old.spec?.pool?.name);
    checkImmutable(faults, 'spec.driver', spec.driver, old.spec?.driver);
    checkImmutable(faults, 'spec.nodeName', spec.nodeName, old.spec?.nodeName);
  }
  checkNodes(faults, spec);
  if (spec.sharedCounters && spec.devices)
    faults.push(invalidValue('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  const rich = spec.devices?.some(
    ({ taints, consumesCounters }) => taints?.length || consumesCounters?.length,
  );
  checkSet(faults, spec.devices, 'spec.devices', {
    max: rich ? richDevicesMax : devicesMax,
    check: (all, device, at) => checkDevice(all, device, at, { spec, old: old?.spec }),
    key: ({ name }) => name,
  });
  checkSet(faults, spec.sharedCounters, 'spec.sharedCounters', {
    max: counterSetsMax,
    check: checkCounterSet,
    key: ({ name }) => name,
  });
  return faults;
}

export function sliceWarnings({ spec }: ResourceSlice): string[] {
  const driver = spec?.driver ?? '';
  return driver === driver.toLowerCase()
    ? []
    : [
        `spec.driver: driver names should be lowercase; ${JSON.stringify(driver)} contains uppercase characters`,
      ];
}

function checkPool(faults: FieldError[], pool: Partial<ResourcePool> = {}, path: string): void {
  const { name = '', resourceSliceCount: count = 0, generation = 0 } = pool;
  checkPoolName(faults, name, `${path}.name`);
  if (count <= 0) faults.push(invalidValue(`${path}.resourceSliceCount`, count, 'must be greater than zero'));
  if (generation < 0)
    faults.push(invalidValue(`${path}.generation`, generation, 'must be greater than or equal to zero'));
}

interface Nodes {
  readonly nodeName?: string;
  readonly nodeSelector?: Device['nodeSelector'];
  readonly allNodes?: boolean;
}

/** The ways in which a slice or a device says where it is to be had, for the fault of more than one. */
function checkPlaces(
  faults: FieldError[],
  { nodeName, nodeSelector, allNodes }: Nodes,
  at: (field: string) => string,
  ofSlice: boolean,
): string[] {
  const set: string[] = [];
  if (nodeName) {
    set.push('`nodeName`');
    checkReasons(faults, at('nodeName'), nodeName, dnsSubdomainFaults(nodeName));
  } else if (nodeName !== undefined)
    faults.push(
      invalidValue(
        at('nodeName'),
        nodeName,
        ofSlice ? 'must be either unset or set to a non-empty string' : 'must not be empty',
      ),
    );
  if (nodeSelector) {
    set.push('`nodeSelector`');
    checkNodeSelector(faults, nodeSelector, at('nodeSelector'));
    const terms = nodeSelector.nodeSelectorTerms ?? [];
    if (ofSlice && terms.length !== 1)
      faults.push(
        invalidValue(
          `${at('nodeSelector')}.nodeSelectorTerms`,
          terms.map((term) => typedForm('NodeSelectorTerm', term)),
          'must have exactly one node selector term',
        ),
      );
  }
  if (checkTrue(faults, allNodes, at('allNodes'))) set.push('`allNodes`');
  return set;
}

function checkTrue(faults: FieldError[], value: boolean | undefined, path: string): boolean {
  if (value === false) faults.push(invalidValue(path, value, 'must be either unset or set to true'));
  return value === true;
}

function checkNodes(faults: FieldError[], spec: Partial<ResourceSliceSpec>): void {
  const set = checkPlaces(faults, spec, (field) => `spec.${field}`, true);
  if (checkTrue(faults, spec.perDeviceNodeSelection, 'spec.perDeviceNodeSelection'))
    set.push('`perDeviceNodeSelection`');
  const which = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) faults.push(required('spec', which));
  else if (set.length > 1)
    faults.push(invalidValue('spec', `{${set.join(', ')}}`, `${which}, but multiple fields are set`));
}

function checkDevice(
  faults: FieldError[],
  device: Device,
  path: string,
  { spec, old }: { spec: Partial<ResourceSliceSpec>; old: Partial<ResourceSliceSpec> | undefined },
): void {
  const { attributes, capacity, taints } = device;
  checkLabelName(faults, device.name, `${path}.name`);
  const facts = Object.keys(attributes ?? {}).length + Object.keys(capacity ?? {}).length;
  if (facts > factsMax)
    faults.push(
      invalidValue(path, facts, `the total number of attributes and capacities must not exceed ${factsMax}`),
    );
  const named = { max: Infinity, shownMax: qualifiedNameLengthMax, checkKey: checkQualifiedName };
  checkMap(faults, attributes, `${path}.attributes`, { ...named, check: checkAttribute });
  const checkCapacity = device.allowMultipleAllocations ? checkSharedCapacity : checkWholeCapacity;
  checkMap(faults, capacity, `${path}.capacity`, { ...named, check: checkCapacity });
  const before = old?.devices?.find(({ name }) => name === device.name);
  if (!before || !sameJson(before.taints, taints))
    checkList(faults, taints, `${path}.taints`, { max: taintsMax, check: checkDeviceTaint });
  checkSet(faults, device.consumesCounters, `${path}.consumesCounters`, {
    max: consumptionsMax,
    check: checkConsumption,
    key: ({ counterSet }) => counterSet,
  });
  checkDeviceNodes(faults, device, path, spec.perDeviceNodeSelection === true);
  checkBindingConditions(faults, device, path);
}

function checkDeviceNodes(faults: FieldError[], device: Device, path: string, eachItsOwn: boolean): void {
  const inSlice = 'if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (!eachItsOwn) {
    const { nodeName, nodeSelector, allNodes } = device;
    if (nodeName !== undefined || nodeSelector || allNodes !== undefined)
      faults.push(
        invalidValue(
          path,
          null,
          `\`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set ${inSlice}`,
        ),
      );
    return;
  }
  const set = checkPlaces(faults, device, (field) => `${path}.${field}`, false);
  const which =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (set.length === 0) faults.push(required(path, which));
  else if (set.length > 1) faults.push(invalidValue(path, `{${set.join(', ')}}`, which));
}

function checkCounterSet(faults: FieldError[], { name, counters }: CounterSet, path: string): void {
  checkCounterSetName(faults, name, `${path}.name`);
  checkCounters(faults, counters, `${path}.counters`);
}

function checkConsumption(
  faults: FieldError[],
  { counterSet, counters }: DeviceCounterConsumption,
  path: string,
): void {
  checkCounterSetName(faults, counterSet, `${path}.counterSet`);
  checkCounters(faults, counters, `${path}.counters`);
}

/** Any amount will do. */
function checkCounters(faults: FieldError[], counters: CounterSet['counters'], path: string): void {
  if (Object.keys(counters ?? {}).length === 0) faults.push(required(path));
  else
    checkMap(faults, counters, path, {
      max: countersMax,
      shownMax: labelLengthMax,
      checkKey: checkLabelName,
      check: () => undefined,
    });
}
