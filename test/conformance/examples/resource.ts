import type { Example } from './example.ts';

const resource = 'resource.k8s.io/v1';
const devices = { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu.example.com' } }] };

export const resourceExamples: readonly Example[] = [
  {
    apiVersion: resource,
    kind: 'DeviceClass',
    resource: 'deviceclasses',
    clusterScoped: true,
    minimal: { spec: {} },
    full: {
      spec: {
        selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }],
        config: [{ opaque: { driver: 'gpu.example.com', parameters: { a: 1 } } }],
        extendedResourceName: 'example.com/gpu',
      },
    },
    change: { spec: { selectors: [{ cel: { expression: 'true' } }] } },
  },
  {
    apiVersion: resource,
    kind: 'ResourceClaim',
    resource: 'resourceclaims',
    minimal: { spec: {} },
    full: {
      spec: {
        devices: {
          ...devices,
          constraints: [{ requests: ['r'], matchAttribute: 'gpu.example.com/numa' }],
        },
      },
    },
    change: { metadata: { annotations: { a: 'b' } } },
    status: {},
  },
  {
    apiVersion: resource,
    kind: 'ResourceClaimTemplate',
    resource: 'resourceclaimtemplates',
    minimal: { spec: { spec: {} } },
    full: { spec: { metadata: { labels: { a: 'b' } }, spec: { devices } } },
    change: { metadata: { annotations: { a: 'b' } } },
  },
  {
    apiVersion: resource,
    kind: 'ResourceSlice',
    resource: 'resourceslices',
    clusterScoped: true,
    minimal: {
      spec: {
        driver: 'gpu.example.com',
        nodeName: 'n1',
        pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      },
    },
    full: {
      spec: {
        driver: 'gpu.example.com',
        allNodes: true,
        pool: { name: 'p', generation: 2, resourceSliceCount: 1 },
        devices: [
          {
            name: 'gpu-0',
            attributes: { model: { string: 'x' }, index: { int: 0 }, v: { version: '1.2.3' } },
            capacity: { memory: { value: '16Gi' } },
          },
        ],
      },
    },
    change: { spec: { pool: { generation: 2 } } },
  },
];
