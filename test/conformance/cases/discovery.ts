import type { Case } from '../case.ts';
import { examples } from '../examples/index.ts';

const groupVersions = [
  ...new Set([
    ...examples.map(({ apiVersion }) => apiVersion),
    'authentication.k8s.io/v1',
    'authorization.k8s.io/v1',
  ]),
];
const groups = [
  ...new Set(groupVersions.filter((each) => each.includes('/')).map((each) => each.split('/')[0]!)),
];

const aggregated = (version: string) =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

const rootOf = (groupVersion: string) =>
  groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;

export const discoveryCases: readonly Case[] = [
  ...groupVersions.map((each): Case => ({
    area: 'discovery',
    name: each,
    first: true,
    steps: [{ path: rootOf(each) }, { path: `${rootOf(each)}/` }],
  })),
  ...groups.map((group): Case => ({
    area: 'discovery',
    name: group,
    first: true,
    steps: [{ path: `/apis/${group}` }, { path: `/apis/${group}/v9` }],
  })),
  {
    area: 'discovery',
    name: 'roots',
    first: true,
    steps: [
      { path: '/api' },
      { path: '/apis' },
      { path: '/apis', as: 'alice' },
      { path: '/apis', as: 'anonymous' },
    ],
  },
  ...['v2', 'v2beta1', 'v3'].map((version): Case => ({
    area: 'discovery',
    name: `aggregated ${version}`,
    first: true,
    steps: ['/api', '/apis'].map((path) => ({
      path,
      accept: `${aggregated(version)},application/json`,
      alsoHeaders: ['vary', 'cache-control'],
    })),
  })),
  {
    area: 'discovery',
    name: 'what kubectl asks',
    first: true,
    steps: [
      { path: '/apis', accept: `${aggregated('v2')},${aggregated('v2beta1')},application/json` },
      { path: '/apis', accept: aggregated('v3') },
      { path: '/apis', accept: 'application/vnd.kubernetes.protobuf' },
      { path: '/api/v1', accept: 'application/vnd.kubernetes.protobuf' },
      { path: '/api/v1', accept: 'text/csv' },
      { path: '/api/v2' },
      { path: '/apis/no.such.group' },
      { path: '/no-such-path' },
      { method: 'POST', path: '/api/v1', body: {} },
    ],
  },
];
