import type { Case } from '../case.ts';
import { discoveryCases } from './discovery.ts';
import { openApiCases } from './openapi.ts';
import { readingCases } from './reading.ts';
import { writingCases } from './writing.ts';

export const cases: readonly Case[] = [...discoveryCases, ...openApiCases, ...readingCases, ...writingCases];
