export const charts = {
  'charts.range': 'Time range',
  'charts.1h': '1 hour',
  'charts.6h': '6 hours',
  'charts.24h': '24 hours',
  'charts.cpu': 'CPU',
  'charts.memory': 'Memory',
  'charts.network': 'Network',
  'charts.gpu': 'GPU',
  'charts.none': 'No measurements',
  'charts.none.why':
    'Nothing was measured in this time. Measurements come from the machines over their links.',
} as const;
