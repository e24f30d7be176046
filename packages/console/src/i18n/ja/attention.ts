import type { attention as english } from '#i18n/en/attention.ts';
import type { Translation } from '#i18n/translation.ts';

export const attention = {
  'attention.cluster-unreachable': 'クラスター {{cluster}} が応答しません: {{why}}',
  'attention.cluster-failed': 'クラスター {{cluster}} が異常です: {{why}}',
  'attention.certificate-expiring': '証明書 {{certificate}} の期限切れまで {{days}} 日',
  'attention.component-failed': 'コンポーネント {{component}} {{version}} が異常です: {{why}}',
  'attention.nodes-disconnected_other':
    '{{place}}: 切断中で自律運転しているノードが {{count}} 台（{{node}} など）',
  'attention.nodes-offline_other': '{{place}}: オフラインのノードが {{count}} 台（{{node}} など）',
  'attention.nodes-not-ready_other': '{{place}}: 未準備のノードが {{count}} 台（{{node}} など）: {{why}}',
  'attention.node-pressure_other': '{{place}}: リソース不足のノードが {{count}} 台（{{node}} など）: {{why}}',
  'attention.pods-crashing_other':
    '{{kind}} {{namespace}}/{{name}}: {{count}} 個のポッドがクラッシュを繰り返しています（再起動 {{restarts}} 回）: {{why}}',
  'attention.pods-pending_other':
    '{{kind}} {{namespace}}/{{name}}: {{count}} 個のポッドを配置できません: {{why}}',
  'attention.image-pull-failing_other':
    '{{place}}: イメージ {{image}} を取得できません（ポッド {{count}} 個）',
  'attention.rollout-stuck': '{{kind}} {{namespace}}/{{name}}: ロールアウトが進みません: {{why}}',
  'attention.daemonset-incomplete':
    '{{kind}} {{namespace}}/{{name}}: {{desired}} ノード中 {{count}} 台で不足（接続不可 {{outOfReach}} 台）',
  'attention.jobs-failed_other':
    '{{kind}} {{namespace}}/{{name}}: {{count}} 件のジョブが失敗しました: {{why}}',
  'attention.gpus-waited-for_other': '{{count}} 個のポッドが GPU {{gpus}} 個を待っています: {{why}}',
  'attention.volume-claims-pending_other':
    '未割り当ての永続ボリューム要求が {{count}} 件（{{namespace}}/{{name}} など）',
  'attention.namespace-stuck': '名前空間 {{namespace}} の削除が完了しません: {{why}}',
  'attention.api-unavailable': 'API {{name}} を利用できません: {{why}}',
} as const satisfies Translation<typeof english>;
