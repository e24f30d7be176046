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
  'charts.gpu': 'ポッドが保持する GPU',
  'charts.gpuBusy': 'GPU 使用率',
  'charts.line.gpu-busy': '使用率',
  'charts.notReported': '報告なし',
  'charts.none.not-reported':
    'このポッドのマシンから GPU の使用率が報告されていません。コンポーネント「NVIDIA DCGM exporter」をインストールすると表示されます。',
  'charts.none.foreign':
    'この値は各マシンに直接問い合わせます。外部のクラスターでは、その権限がコマンド実行の権限にもなるため、センターは問い合わせません。',
  'charts.none.too-many-nodes':
    '各マシンにリンク経由で問い合わせるため、50 台まで表示します。プールまたはノードを開いてください。',
  'charts.line.cpu': 'CPU',
  'charts.line.memory': 'メモリ',
  'charts.line.received': '受信',
  'charts.line.sent': '送信',
  'charts.none': '測定値がありません',
  'charts.none.why': 'この期間の測定値はありません。測定値は各マシンからリンク経由で届きます。',
} as const satisfies Translation<typeof english>;
