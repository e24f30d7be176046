import { MetricRegistry } from '@skerry/base';
import { expect, test } from 'vitest';
import { type HealthLook, measureBuild, measureHealth } from '#server-numbers.ts';

test('a server says what it is in the labels of stock ones, in their order', () => {
  const metrics = new MetricRegistry();
  const version = { major: '1', minor: '36', gitVersion: 'v1.36.3+x.1', platform: 'linux/amd64' };
  measureBuild(metrics, version, 'node24.0.0');
  expect(metrics.render()).toContain(
    'kubernetes_build_info{build_date="1970-01-01T00:00:00Z",compiler="v8",git_commit="",git_tree_state="clean",' +
      'git_version="v1.36.3+x.1",go_version="node24.0.0",major="1",minor="36",platform="linux/amd64"} 1',
  );
});

test('checks that nobody asks for are made when the numbers are asked for', () => {
  const metrics = new MetricRegistry();
  let isWell = true;
  const look = (): HealthLook[] => [{ name: 'job-controller', type: 'healthz', isWell }];
  measureHealth(metrics, look);
  metrics.render();
  isWell = false;
  const lines = metrics.render().split('\n');
  expect(lines.filter((line) => line.startsWith('kubernetes_'))).toEqual([
    'kubernetes_healthcheck{name="job-controller",type="healthz"} 0',
    'kubernetes_healthchecks_total{name="job-controller",status="success",type="healthz"} 1',
    'kubernetes_healthchecks_total{name="job-controller",status="error",type="healthz"} 1',
  ]);
});
