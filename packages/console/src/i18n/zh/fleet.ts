import type { fleet as english } from '#i18n/en/fleet.ts';
import type { Translation } from '#i18n/translation.ts';

export const fleet = {
  'home.attention': '需要关注',
  'attention.none': '没有需要关注的事项。',
  'attention.none.why': '系统持续检查节点、链路、发布、GPU 和证书。',
  'clusters.create': '创建集群',
  'clusters.import': '导入集群',
  'clusters.none': '还没有集群',
  'clusters.none.why': '集群把多个地域的机器连接在一起。可在此创建，或导入在别处运行的集群。',
  'gpu.usedOf': '已用 {{used}} / {{capacity}}',
  'yaml.create': '使用 YAML 创建',
  'wizard.create': '使用镜像创建',
  'pools.create': '创建边缘节点池',
} as const satisfies Translation<typeof english>;
