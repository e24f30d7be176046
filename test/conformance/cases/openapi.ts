import type { Case } from '../case.ts';
import { examples } from '../examples/index.ts';

const versions = [
  ...new Set([
    ...examples.map(({ apiVersion }) => apiVersion),
    'authentication.k8s.io/v1',
    'authorization.k8s.io/v1',
  ]),
];
const roots = [
  'api',
  'apis',
  'version',
  ...versions.map((each) => (each.includes('/') ? `apis/${each}` : `api/${each}`)),
  ...new Set(versions.filter((each) => each.includes('/')).map((each) => `apis/${each.split('/')[0]}`)),
];

export const openApiCases: readonly Case[] = [
  {
    area: 'openapi',
    name: 'what there is',
    first: true,
    steps: [{ path: '/openapi/v3', view: 'openapi-root' }, { path: '/openapi/v3/apis/no.such/v1' }],
  },
  ...roots.map((root): Case => ({
    area: 'openapi',
    name: root,
    first: true,
    steps: [{ path: `/openapi/v3/${root}`, view: 'openapi-v3' }],
  })),
  { area: 'openapi', name: 'v2', first: true, steps: [{ path: '/openapi/v2', view: 'openapi-v2' }] },
];
