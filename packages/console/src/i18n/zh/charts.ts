import type { charts as english } from '#i18n/en/charts.ts';
import type { Translation } from '#i18n/translation.ts';

export const charts = {
  'charts.range': '时间范围',
  'charts.1h': '1 小时',
  'charts.6h': '6 小时',
  'charts.24h': '24 小时',
  'charts.cpu': 'CPU',
  'charts.memory': '内存',
  'charts.network': '网络',
  'charts.gpu': '容器组持有的 GPU',
  'charts.gpuBusy': 'GPU 使用率',
  'charts.line.gpu-busy': '使用率',
  'charts.notReported': '未上报',
  'charts.none.not-reported':
    '该容器组所在的机器未上报 GPU 使用率。安装组件“NVIDIA DCGM exporter”后即可显示。',
  'charts.none.foreign':
    '此数据需要直接询问各台机器。对于外部集群，询问的权限等同于在机器上执行命令的权限，因此中心不会询问。',
  'charts.none.too-many-nodes': '需要通过链路逐台查询机器，因此最多显示 50 台：请打开某个节点池或节点。',
  'charts.line.cpu': 'CPU',
  'charts.line.memory': '内存',
  'charts.line.received': '接收',
  'charts.line.sent': '发送',
  'charts.none': '没有测量数据',
  'charts.none.why': '此时间段内没有数据。数据由各机器经链路上报。',
} as const satisfies Translation<typeof english>;
