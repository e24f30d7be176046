export const fleet = {
  'home.attention': 'Wants attention',
  'attention.none': 'Nothing wants attention.',
  'attention.none.why': 'Nodes, links, rollouts, GPUs and certificates are looked at all the time.',
  'clusters.create': 'Create cluster',
  'clusters.import': 'Import cluster',
  'clusters.none': 'No cluster yet',
  'clusters.none.why':
    'A cluster joins machines of many regions. Create one here, or import one that runs elsewhere.',
  'gpu.usedOf': '{{used}} of {{capacity}} used',
  'yaml.create': 'Create from YAML',
  'wizard.create': 'Create from image',
  'pools.create': 'Create edge node pool',
} as const;
