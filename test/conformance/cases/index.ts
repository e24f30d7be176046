import type { Case } from '../case.ts';
import { customCases } from './custom.ts';
import { discoveryCases } from './discovery.ts';
import { emptyCases } from './empties.ts';
import { generalCases } from './general.ts';
import { clusterCases } from './judged/cluster.ts';
import { deviceCases } from './judged/devices.ts';
import { networkCases } from './judged/network.ts';
import { podCases } from './judged/pods.ts';
import { workloadCases } from './judged/workloads.ts';
import { limitsCases } from './limits.ts';
import { openApiCases } from './openapi.ts';
import { readingCases } from './reading.ts';
import { serviceCases } from './services.ts';
import { writingCases } from './writing.ts';

export const cases: readonly Case[] = [
  ...discoveryCases,
  ...openApiCases,
  ...readingCases,
  ...writingCases,
  ...generalCases,
  ...customCases,
  ...serviceCases,
  ...emptyCases,
  ...podCases,
  ...workloadCases,
  ...networkCases,
  ...clusterCases,
  ...deviceCases,
  ...limitsCases,
];
