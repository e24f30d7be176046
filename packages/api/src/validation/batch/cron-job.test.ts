import { expect, test } from 'vitest';
import { builtinKinds } from '#kinds/builtin.ts';

const cronJob = (schedule: string) => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'c', namespace: 'd' },
  spec: { schedule, jobTemplate: { spec: { template: { spec: { containers: [] } } } } },
});
const { strategy } = builtinKinds.find(({ kind }) => kind === 'CronJob')!;

test.each([
  ['TZ=Asia/Tokyo 0 9 * * *', [expect.stringContaining('use timeZone instead, see https://')]],
  ['0 9 * * *', []],
])('a CronJob that goes on with the schedule %j is warned of: %j', (schedule, warnings) => {
  expect(strategy.warnings?.(cronJob(schedule), cronJob(schedule))).toEqual(warnings);
});
