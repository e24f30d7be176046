/** What a claim was given: devices, whom they are reserved for, and what drivers say about them. */
import type { FieldError } from '#status.ts';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
} from '#types.generated.ts';
import { canonicalAddress, readNetwork } from '#validation/addresses.ts';
import { checkConditions } from '#validation/conditions.ts';
import {
  checkChoice,
  forbiddenField,
  invalidValue,
  required,
  sameJson,
  tooLong,
  tooMany,
} from '#validation/faults.ts';
import { checkNodeSelector } from '#validation/node-selector.ts';
import {
  checkReference,
  checkReferences,
  requestNamesOf,
  requestsMax,
  type RequestNames,
} from '#validation/resource/claim.ts';
import { checkList, checkSet } from '#validation/resource/collections.ts';
import { checkConfiguration, checkRaw, configurationsMax } from '#validation/resource/configuration.ts';
import { checkDriverName, checkLabelName, checkPoolName, checkUid } from '#validation/resource/names.ts';
import { checkBindingConditions } from '#validation/resource/taints.ts';
import { typedForm } from '#validation/typed-form.ts';

const consumersMax = 256;
const conditionsMax = 8;
const dataLengthMax = 10 * 1024;
const addressesMax = 16;
const interfaceNameLengthMax = 256;
const hardwareAddressLengthMax = 128;

interface DeviceName {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly shareID?: string;
}

/** As faults show it. */
function shownDevice({ driver, pool, device, shareID = '' }: DeviceName) {
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID };
}

function deviceKey(name: DeviceName): string {
  return JSON.stringify(shownDevice(name));
}

export function validateResourceClaimStatus(next: ResourceClaim, old: ResourceClaim): FieldError[] {
  const faults: FieldError[] = [];
  const { allocation, reservedFor = [], devices } = next.status ?? {};
  const names = requestNamesOf(next.spec?.devices ?? {});
  checkSet(faults, reservedFor, 'status.reservedFor', {
    max: consumersMax,
    check: checkConsumer,
    key: ({ uid }) => uid,
  });
  const allocated = new Set(allocation?.devices?.results?.map(deviceKey));
  checkSet(faults, devices, 'status.devices', {
    max: Infinity,
    check: (all, device, at) => checkDeviceStatus(all, device, at, allocated),
    key: shownDevice,
  });
  if (reservedFor.length > 0) {
    if (!allocation)
      faults.push(forbiddenField('status.reservedFor', 'may not be specified when `allocated` is not set'));
    else if (next.metadata.deletionTimestamp && hasNew(reservedFor, old.status?.reservedFor ?? []))
      faults.push(
        forbiddenField(
          'status.reservedFor',
          'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
        ),
      );
  }
  const before = old.status?.allocation;
  if (before && allocation) {
    if (!sameJson(allocation, before))
      faults.push(
        invalidValue(
          'status.allocation',
          typedForm('resource.AllocationResult', allocation),
          'field is immutable',
        ),
      );
  } else if (allocation) checkAllocation(faults, allocation, 'status.allocation', names);
  return faults;
}

function hasNew(
  next: readonly ResourceClaimConsumerReference[],
  old: readonly ResourceClaimConsumerReference[],
): boolean {
  return next.some((each) => !old.some((known) => sameJson(each, known)));
}

function checkConsumer(faults: FieldError[], reference: ResourceClaimConsumerReference, path: string): void {
  for (const field of ['resource', 'name', 'uid'] as const)
    if (!reference[field]) faults.push(required(`${path}.${field}`));
}

function checkAllocation(
  faults: FieldError[],
  { devices, nodeSelector }: AllocationResult,
  path: string,
  names: RequestNames,
): void {
  checkList(faults, devices?.results, `${path}.devices.results`, {
    max: requestsMax,
    check: (all, result, at) => checkResult(all, result, at, names),
  });
  checkList(faults, devices?.config, `${path}.devices.config`, {
    max: 2 * configurationsMax,
    check: (all, config, at) => checkAllocatedConfiguration(all, config, at, names),
  });
  if (nodeSelector) checkNodeSelector(faults, nodeSelector, `${path}.nodeSelector`);
}

function checkResult(
  faults: FieldError[],
  result: DeviceRequestAllocationResult,
  path: string,
  names: RequestNames,
): void {
  checkReference(faults, result.request, `${path}.request`, names);
  checkDriverName(faults, result.driver, `${path}.driver`);
  checkPoolName(faults, result.pool, `${path}.pool`);
  checkLabelName(faults, result.device, `${path}.device`);
  checkBindingConditions(faults, result, path);
  if (result.shareID !== undefined) checkUid(faults, result.shareID, `${path}.shareID`);
}

function checkAllocatedConfiguration(
  faults: FieldError[],
  config: DeviceAllocationConfiguration,
  path: string,
  names: RequestNames,
): void {
  checkChoice(faults, `${path}.source`, config.source, ['FromClaim', 'FromClass']);
  checkReferences(faults, config.requests, `${path}.requests`, names);
  checkConfiguration(faults, config, path, false);
}

function checkDeviceStatus(
  faults: FieldError[],
  status: AllocatedDeviceStatus,
  path: string,
  allocated: ReadonlySet<string>,
): void {
  const { driver, pool, device, shareID, conditions = [], data, networkData } = status;
  checkDriverName(faults, driver, `${path}.driver`);
  checkPoolName(faults, pool, `${path}.pool`);
  checkLabelName(faults, device, `${path}.device`);
  if (shareID !== undefined) checkUid(faults, shareID, `${path}.shareID`);
  if (!allocated.has(deviceKey(status)))
    faults.push(invalidValue(path, shownDevice(status), 'must be an allocated device in the claim'));
  if (conditions.length > conditionsMax)
    faults.push(tooMany(`${path}.conditions`, conditions.length, conditionsMax));
  checkConditions(faults, conditions, `${path}.conditions`);
  if (data !== undefined) checkRaw(faults, data, `${path}.data`, dataLengthMax);
  if (networkData) checkNetworkData(faults, networkData, `${path}.networkData`);
}

function checkNetworkData(
  faults: FieldError[],
  { interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData,
  path: string,
): void {
  if (interfaceName.length > interfaceNameLengthMax)
    faults.push(tooLong(`${path}.interfaceName`, interfaceNameLengthMax));
  if (hardwareAddress.length > hardwareAddressLengthMax)
    faults.push(tooLong(`${path}.hardwareAddress`, hardwareAddressLengthMax));
  checkSet(faults, ips, `${path}.ips`, {
    max: addressesMax,
    check: checkInterfaceAddress,
    key: (address) => address,
  });
}

/** An address with the length of its network's prefix, in canonical form. */
function checkInterfaceAddress(faults: FieldError[], value: string, path: string): void {
  if (!readNetwork(value)) {
    faults.push(
      invalidValue(path, value, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'),
    );
    return;
  }
  const [address = '', bits = ''] = value.split('/');
  const plain = canonicalAddress(address);
  const mapped = address.includes(':') && !plain.includes(':');
  const canonical = `${plain}/${Number(bits) - (mapped ? 96 : 0)}`;
  if (value !== canonical)
    faults.push(invalidValue(path, value, `must be in canonical form (${JSON.stringify(canonical)})`));
}
