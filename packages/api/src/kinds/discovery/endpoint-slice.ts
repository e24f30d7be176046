import type { EndpointSlice } from '#types.generated.ts';
import { immutable, invalidValue, invalidValues, required, tooMany } from '#validation/faults.ts';
import { isIPv4, isIPv6, portNumberFaults } from '#validation/names.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, firstThree, nameColumn } from '#kinds/columns.ts';

const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 100;

export const endpointSliceBehaviour = behaviour<EndpointSlice>({
  columns: [
    nameColumn,
    column<EndpointSlice>('AddressType', ({ addressType }) => addressType),
    column<EndpointSlice>('Ports', ({ ports }) =>
      firstThree(
        (ports ?? []).map(({ port, name }) => String(port ?? name ?? '*')),
        '<unset>',
      ),
    ),
    column<EndpointSlice>('Endpoints', ({ endpoints }) =>
      firstThree(
        (endpoints ?? []).flatMap(({ addresses }) => addresses),
        '<unset>',
      ),
    ),
    ageColumn,
  ],
  strategy: {
    setDefaults(slice) {
      for (const port of slice.ports ?? []) {
        port.name ??= '';
        port.protocol ??= 'TCP';
      }
    },
    validate({ addressType, endpoints = [], ports = [] }) {
      const faults = [];
      if (!addressType) faults.push(required('addressType'));
      if (endpoints.length > endpointsMax) faults.push(tooMany('endpoints', endpoints.length, endpointsMax));
      if (ports.length > portsMax) faults.push(tooMany('ports', ports.length, portsMax));
      for (const [index, { addresses = [] }] of endpoints.entries()) {
        const path = `endpoints[${index}].addresses`;
        if (addresses.length === 0) faults.push(required(path, 'must contain at least 1 address'));
        if (addresses.length > addressesMax) faults.push(tooMany(path, addresses.length, addressesMax));
        for (const [position, address] of addresses.entries()) {
          if (addressType === 'IPv4' && !isIPv4(address))
            faults.push(invalidValue(`${path}[${position}]`, address, 'must be a valid IPv4 address'));
          if (addressType === 'IPv6' && !isIPv6(address))
            faults.push(invalidValue(`${path}[${position}]`, address, 'must be a valid IPv6 address'));
        }
      }
      for (const [index, { port }] of ports.entries())
        if (port !== undefined)
          faults.push(...invalidValues(`ports[${index}].port`, port, portNumberFaults(port)));
      return faults;
    },
    validateUpdate: (slice, old) => immutable('addressType', slice.addressType, old.addressType),
  },
});
