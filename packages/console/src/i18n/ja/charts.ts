import type { charts as english } from '#i18n/en/charts.ts';
import type { Translation } from '#i18n/translation.ts';

export const charts = {
  'charts.range': '期間',
  'charts.1h': '1 時間',
  'charts.6h': '6 時間',
  'charts.24h': '24 時間',
  'charts.cpu': 'CPU',
  'charts.memory': 'メモリ',
  'charts.network': 'ネットワーク',
  'charts.gpu': 'GPU',
  'charts.none': '測定値がありません',
  'charts.none.why': 'この期間の測定値はありません。測定値は各マシンからリンク経由で届きます。',
} as const satisfies Translation<typeof english>;
