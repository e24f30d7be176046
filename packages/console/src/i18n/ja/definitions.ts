import type { definitions as english } from '#i18n/en/definitions.ts';
import type { Translation } from '#i18n/translation.ts';

export const definitions = {
  'crds.tab': 'CRD',
  'crds.objects': 'リソースオブジェクト',
  'crds.none': '定義がありません',
  'crds.none.why':
    '定義はクラスターにオブジェクトの種類を追加します。コンポーネントは自身の定義を含みます。その他はYAMLから作成します。',
  'crds.choose': '左側で種類を選択してください',
  'crds.choose.why': 'APIグループとバージョンを展開するか、検索してください。',
  'crds.groups': 'APIグループ',
  'crds.search': 'グループと種類を検索',
  'crds.core': 'core',
  'crds.noObjects': '{{kind}}はまだありません',
  'crds.editYaml': 'YAMLの編集',
  'crds.about': '基本情報',
  'crds.group': 'APIグループ',
  'crds.plural': 'パス上の名前',
  'crds.shortNames': '短縮名',
  'crds.scope': 'スコープ',
  'crds.scope.namespaced': '名前空間内',
  'crds.scope.cluster': 'クラスター全体',
  'crds.stored': '保存バージョン',
  'crds.versions': 'バージョン',
  'crds.served': '提供中',
  'crds.storage': '保存用',
  'crds.deprecated': '非推奨',
  'crds.columns': '一覧の列',
  'crds.description': '説明',
  'crds.fields': 'フィールド',
} as const satisfies Translation<typeof english>;
