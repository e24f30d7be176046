import { expect, test } from 'vitest';
import { MetricRegistry } from '#metric-registry.ts';

test('counters, gauges and histograms are shown with their help and type', () => {
  const metrics = new MetricRegistry();
  const counter = metrics.counter({ name: 'seen_total', help: 'What was seen.', labels: ['kind'] });
  counter.with('a').add();
  counter.with('a').add(2);
  metrics.gauge({ name: 'now', help: 'What is.' }).with().set(7);
  const sizes = metrics.histogram({ name: 'sizes', help: 'How big.', labels: ['kind'], buckets: [1, 10] });
  for (const size of [0.5, 1, 5, 100]) sizes.with('a').observe(size);
  metrics.sampled({ name: 'held', help: 'What is held.', type: 'gauge', labels: ['what'] }, () => [
    [['x'], 3],
  ]);
  expect(metrics.render()).toBe(`# HELP seen_total What was seen.
# TYPE seen_total counter
seen_total{kind="a"} 3
# HELP now What is.
# TYPE now gauge
now 7
# HELP sizes How big.
# TYPE sizes histogram
sizes_bucket{kind="a",le="1"} 2
sizes_bucket{kind="a",le="10"} 3
sizes_bucket{kind="a",le="+Inf"} 4
sizes_sum{kind="a"} 106.5
sizes_count{kind="a"} 4
# HELP held What is held.
# TYPE held gauge
held{what="x"} 3
`);
});

test('series are told apart by every one of their label values', () => {
  const metrics = new MetricRegistry();
  const counter = metrics.counter({ name: 'c', help: 'h', labels: ['a', 'b', 'c'] });
  for (const values of [
    ['x', '', ''],
    ['', 'x', ''],
    ['x', '', 'y'],
    ['x', '', ''],
  ])
    counter.with(...values).add();
  expect(metrics.render().split('\n').slice(2, -1)).toEqual([
    'c{a="x",b="",c=""} 2',
    'c{a="",b="x",c=""} 1',
    'c{a="x",b="",c="y"} 1',
  ]);
});

test('label values can not break the format', () => {
  const metrics = new MetricRegistry();
  metrics
    .counter({ name: 'c', help: 'h', labels: ['l'] })
    .with('a"\\\nb')
    .add();
  expect(metrics.render()).toContain('c{l="a\\"\\\\\\nb"} 1\n');
});

test('series beyond the bound are counted under other', () => {
  const metrics = new MetricRegistry();
  const counter = metrics.counter({ name: 'c', help: 'h', labels: ['l'] });
  for (let index = 0; index < 3000; index++) counter.with(`value-${index}`).add();
  const lines = metrics.render().split('\n');
  expect(lines.length).toBeLessThan(2010);
  expect(lines).toContain('c{l="other"} 1000');
});
