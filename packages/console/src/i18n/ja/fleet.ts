import type { fleet as english } from '#i18n/en/fleet.ts';
import type { Translation } from '#i18n/translation.ts';

export const fleet = {
  'home.attention': '対応が必要',
  'attention.none': '対応が必要な項目はありません。',
  'attention.none.why': 'ノード、リンク、ロールアウト、GPU、証明書を常時確認しています。',
  'clusters.create': 'クラスターの作成',
  'clusters.import': 'クラスターのインポート',
  'clusters.none': 'クラスターがありません',
  'clusters.none.why':
    'クラスターは多数のリージョンのマシンをまとめます。ここで作成するか、他の場所で動いているものをインポートしてください。',
  'gpu.usedOf': '{{capacity}} 中 {{used}} 使用中',
  'yaml.create': 'YAMLから作成',
  'wizard.create': 'イメージから作成',
  'pools.create': 'エッジノードプールの作成',
} as const satisfies Translation<typeof english>;
