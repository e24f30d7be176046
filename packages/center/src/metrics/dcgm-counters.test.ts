import { expect, test } from 'vitest';
import { gpuReadings } from '#metrics/dcgm-counters.ts';

test('the exporter tells how busy each GPU is, and who holds it where it knows', () => {
  expect(
    gpuReadings(`# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-a",device="nvidia0",modelName="Tesla T4",Hostname="g-1",container="main",namespace="inference",pod="llm-1"} 87
DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="GPU-b",device="nvidia1",modelName="Tesla T4",Hostname="g-1"} 0
DCGM_FI_DEV_GPU_UTIL{gpu="2",UUID="GPU-c",GPU_I_ID="3",pod="",namespace=""} 12.5 1764290000000
DCGM_FI_DEV_SM_CLOCK{gpu="0",UUID="GPU-a"} 1590
`),
  ).toEqual([
    { gpu: 'GPU-a/', busy: 0.87, pod: { namespace: 'inference', name: 'llm-1' } },
    { gpu: 'GPU-b/', busy: 0 },
    { gpu: 'GPU-c/3', busy: 0.125 },
  ]);
});

test.each([
  ['', []],
  ['<html>no metrics</html>', []],
  ['DCGM_FI_DEV_GPU_UTIL{gpu="0"} NaN', []],
  ['DCGM_FI_DEV_GPU_UTIL{gpu="0"} 4000', []],
  ['DCGM_FI_DEV_GPU_UTIL{gpu="0"', []],
])('%j tells of none', (text, readings) => {
  expect(gpuReadings(text)).toEqual(readings);
});

test('an exporter that tells without end is heard up to a bound', () => {
  const line = 'DCGM_FI_DEV_GPU_UTIL{gpu="0"} 1\n';
  expect(gpuReadings(line.repeat(5_000))).toHaveLength(1024);
});
