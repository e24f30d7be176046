export const attention = {
  'attention.cluster-unreachable': 'Cluster {{cluster}} does not answer: {{why}}',
  'attention.cluster-failed': 'Cluster {{cluster}} failed: {{why}}',
  'attention.certificate-expiring': 'Certificate {{certificate}} ends in {{days}} days',
  'attention.component-failed': 'Component {{component}} {{version}} failed: {{why}}',
  'attention.nodes-disconnected_one': '{{place}}: {{node}} runs on its own, cut off',
  'attention.nodes-disconnected_other':
    '{{place}}: {{count}} nodes ({{node}} and others) run on their own, cut off',
  'attention.nodes-offline_one': '{{place}}: {{node}} is offline',
  'attention.nodes-offline_other': '{{place}}: {{count}} nodes ({{node}} and others) are offline',
  'attention.nodes-not-ready_one': '{{place}}: {{node}} is not ready: {{why}}',
  'attention.nodes-not-ready_other':
    '{{place}}: {{count}} nodes ({{node}} and others) are not ready: {{why}}',
  'attention.node-pressure_one': '{{place}}: {{node}} is short: {{why}}',
  'attention.node-pressure_other': '{{place}}: {{count}} nodes ({{node}} and others) are short: {{why}}',
  'attention.pods-crashing_one':
    '{{kind}} {{namespace}}/{{name}}: {{count}} pod crashes again and again ({{restarts}} restarts): {{why}}',
  'attention.pods-crashing_other':
    '{{kind}} {{namespace}}/{{name}}: {{count}} pods crash again and again ({{restarts}} restarts): {{why}}',
  'attention.pods-pending_one': '{{kind}} {{namespace}}/{{name}}: {{count}} pod finds no place: {{why}}',
  'attention.pods-pending_other': '{{kind}} {{namespace}}/{{name}}: {{count}} pods find no place: {{why}}',
  'attention.image-pull-failing_one': '{{place}}: image {{image}} cannot be pulled ({{count}} pod)',
  'attention.image-pull-failing_other': '{{place}}: image {{image}} cannot be pulled ({{count}} pods)',
  'attention.rollout-stuck': '{{kind}} {{namespace}}/{{name}}: the rollout does not go on: {{why}}',
  'attention.daemonset-incomplete':
    '{{kind}} {{namespace}}/{{name}}: missing on {{count}} of {{desired}} nodes ({{outOfReach}} out of reach)',
  'attention.jobs-failed_one': '{{kind}} {{namespace}}/{{name}}: {{count}} job failed: {{why}}',
  'attention.jobs-failed_other': '{{kind}} {{namespace}}/{{name}}: {{count}} jobs failed: {{why}}',
  'attention.gpus-waited-for_one': '{{count}} pod waits for {{gpus}} GPUs: {{why}}',
  'attention.gpus-waited-for_other': '{{count}} pods wait for {{gpus}} GPUs: {{why}}',
  'attention.volume-claims-pending_one': '{{count}} volume claim is not bound ({{namespace}}/{{name}})',
  'attention.volume-claims-pending_other':
    '{{count}} volume claims are not bound ({{namespace}}/{{name}} and others)',
  'attention.namespace-stuck': 'Namespace {{namespace}} does not go away: {{why}}',
  'attention.api-unavailable': 'API {{name}} is not available: {{why}}',
} as const;
