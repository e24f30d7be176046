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
  'charts.gpu': 'GPU',
  'charts.none': '没有测量数据',
  'charts.none.why': '此时间段内没有数据。数据由各机器经链路上报。',
} as const satisfies Translation<typeof english>;
