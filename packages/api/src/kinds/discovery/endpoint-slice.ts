import type { EndpointSlice } from '#types.generated.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '#validation/discovery.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, firstThree, nameColumn } from '#kinds/columns.ts';

export const endpointSliceBehaviour = behaviour<EndpointSlice>({
  metaTold: 'never',
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
    validate: (slice) => validateEndpointSlice(slice),
    validateUpdate: validateEndpointSliceUpdate,
  },
});
