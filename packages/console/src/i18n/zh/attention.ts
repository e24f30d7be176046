import type { attention as english } from '#i18n/en/attention.ts';
import type { Translation } from '#i18n/translation.ts';

export const attention = {
  'attention.cluster-unreachable': '集群 {{cluster}} 没有响应：{{why}}',
  'attention.cluster-failed': '集群 {{cluster}} 出现故障：{{why}}',
  'attention.certificate-expiring': '证书 {{certificate}} 将在 {{days}} 天后过期',
  'attention.component-failed': '组件 {{component}} {{version}} 出现故障：{{why}}',
  'attention.nodes-disconnected_other': '{{place}}：{{count}} 个节点断连并自治运行（如 {{node}}）',
  'attention.nodes-offline_other': '{{place}}：{{count}} 个节点离线（如 {{node}}）',
  'attention.nodes-not-ready_other': '{{place}}：{{count}} 个节点未就绪（如 {{node}}）：{{why}}',
  'attention.node-pressure_other': '{{place}}：{{count}} 个节点资源紧张（如 {{node}}）：{{why}}',
  'attention.pods-crashing_other':
    '{{kind}} {{namespace}}/{{name}}：{{count}} 个容器组反复崩溃（重启 {{restarts}} 次）：{{why}}',
  'attention.pods-pending_other': '{{kind}} {{namespace}}/{{name}}：{{count}} 个容器组无法调度：{{why}}',
  'attention.image-pull-failing_other': '{{place}}：镜像 {{image}} 拉取失败（{{count}} 个容器组）',
  'attention.rollout-stuck': '{{kind}} {{namespace}}/{{name}}：发布停滞：{{why}}',
  'attention.daemonset-incomplete':
    '{{kind}} {{namespace}}/{{name}}：{{desired}} 个节点中缺少 {{count}} 个（{{outOfReach}} 个无法连接）',
  'attention.jobs-failed_other': '{{kind}} {{namespace}}/{{name}}：{{count}} 个任务失败：{{why}}',
  'attention.gpus-waited-for_other': '{{count}} 个容器组等待 {{gpus}} 个 GPU：{{why}}',
  'attention.volume-claims-pending_other': '{{count}} 个存储声明未绑定（如 {{namespace}}/{{name}}）',
  'attention.namespace-stuck': '命名空间 {{namespace}} 无法删除：{{why}}',
  'attention.api-unavailable': 'API {{name}} 不可用：{{why}}',
} as const satisfies Translation<typeof english>;
