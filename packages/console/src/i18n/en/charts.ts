export const charts = {
  'charts.range': 'Time range',
  'charts.1h': '1 hour',
  'charts.6h': '6 hours',
  'charts.24h': '24 hours',
  'charts.cpu': 'CPU',
  'charts.memory': 'Memory',
  'charts.network': 'Network',
  'charts.gpu': 'GPUs held by pods',
  'charts.gpuBusy': 'GPU use',
  'charts.line.gpu-busy': 'Busy',
  'charts.notReported': 'Not reported',
  'charts.none.not-reported':
    'Nothing says how busy the GPUs of its machine are. The component NVIDIA DCGM exporter does, once it is installed.',
  'charts.none.foreign':
    'This is asked of the machines themselves. On a cluster from elsewhere the right to ask them is the right to run commands on them, so the center does not.',
  'charts.none.too-many-nodes':
    'This is asked of every machine over its link, so it is shown for up to 50 machines: open a pool or a node.',
  'charts.line.cpu': 'CPU',
  'charts.line.memory': 'Memory',
  'charts.line.received': 'Received',
  'charts.line.sent': 'Sent',
  'charts.none': 'No measurements',
  'charts.none.why':
    'Nothing was measured in this time. Measurements come from the machines over their links.',
} as const;
