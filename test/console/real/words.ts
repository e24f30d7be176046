/** What people are told to click, in the words that each language has for it. */
export interface Words {
  readonly locale: string;
  readonly signIn: string;
  readonly user: string;
  readonly password: string;
  readonly clusters: string;
  readonly pools: string;
  readonly createPool: string;
  readonly name: string;
  readonly region: string;
  readonly createAndAdd: string;
  readonly makeScript: string;
  readonly daemonSets: string;
  readonly fromImage: string;
  readonly appName: string;
  readonly type: string;
  readonly image: string;
  readonly next: string;
  readonly create: string;
  readonly edit: string;
  readonly save: string;
  readonly review: string;
  readonly pods: string;
  readonly fromYaml: string;
  readonly sampleTemplate: string;
  readonly custom: string;
  readonly yaml: string;
  readonly customResources: string;
  readonly resourceObjects: string;
  readonly editYaml: string;
  readonly components: string;
  readonly install: string;
  readonly plan: string;
  readonly succeeded: string;
  readonly createCluster: string;
  readonly centralRegion: string;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly namespaces: string;
  readonly method: string;
  readonly methodImage: string;
  readonly arguments: string;
  /** As a task tells which ranges a cluster has. */
  readonly podsOf: string;
  readonly addNodes: string;
  readonly inTheCluster: string;
  readonly ready: string;
  readonly running: string;
  readonly noScriptWaits: string;
}

export const languages: Readonly<Record<'en' | 'ja' | 'zh', Words>> = {
  en: {
    locale: 'en',
    signIn: 'Sign in',
    user: 'User',
    password: 'Password',
    clusters: 'Clusters',
    pools: 'Node pools',
    createPool: 'Create edge node pool',
    name: 'Name',
    region: 'Region',
    createAndAdd: 'Create and add nodes',
    makeScript: 'Make the script',
    daemonSets: 'DaemonSets',
    fromImage: 'Create from image',
    appName: 'Application name',
    type: 'Type',
    image: 'Image',
    next: 'Next',
    create: 'Create',
    edit: 'Edit',
    save: 'Save',
    review: 'Review and save',
    pods: 'Pods',
    fromYaml: 'Create from YAML',
    sampleTemplate: 'Sample Template',
    custom: 'Custom',
    yaml: 'YAML',
    customResources: 'Custom Resources',
    resourceObjects: 'Resource Objects',
    editYaml: 'Edit YAML',
    components: 'Components',
    install: 'Install',
    plan: 'Show what would change',
    succeeded: 'Succeeded',
    createCluster: 'Create cluster',
    centralRegion: 'Central region',
    podRange: 'Pod CIDR block',
    serviceRange: 'Service CIDR block',
    namespaces: 'Namespaces',
    method: 'Deployment method',
    methodImage: 'From image',
    arguments: 'Arguments',
    addNodes: 'Add existing node',
    podsOf: 'pods',
    inTheCluster: '1 object is in the cluster.',
    ready: 'Ready',
    running: 'Running',
    noScriptWaits: 'No script waits for machines right now.',
  },
  ja: {
    locale: 'ja',
    signIn: 'サインイン',
    user: 'ユーザー',
    password: 'パスワード',
    clusters: 'クラスター',
    pools: 'ノードプール',
    createPool: 'エッジノードプールの作成',
    name: '名前',
    region: 'リージョン',
    createAndAdd: '作成してノードを追加',
    makeScript: 'スクリプトを作成',
    daemonSets: 'DaemonSet',
    fromImage: 'イメージから作成',
    appName: 'アプリケーション名',
    type: 'タイプ',
    image: 'イメージ',
    next: '次へ',
    create: '作成',
    edit: '編集',
    save: '保存',
    review: '確認して保存',
    pods: 'ポッド',
    fromYaml: 'YAMLから作成',
    sampleTemplate: 'サンプルテンプレート',
    custom: 'カスタム',
    yaml: 'YAML',
    customResources: 'カスタムリソース',
    resourceObjects: 'リソースオブジェクト',
    editYaml: 'YAMLの編集',
    components: 'コンポーネント',
    install: 'インストール',
    plan: '変更内容を確認',
    succeeded: '成功',
    createCluster: 'クラスターの作成',
    centralRegion: '中心リージョン',
    podRange: 'ポッド CIDR ブロック',
    serviceRange: 'サービス CIDR ブロック',
    namespaces: '名前空間',
    method: 'デプロイ方法',
    methodImage: 'イメージから',
    arguments: '引数',
    addNodes: '既存ノードの追加',
    podsOf: 'ポッド',
    inTheCluster: '1 個のオブジェクトをすべてクラスターに適用しました。',
    ready: '準備完了',
    running: '実行中',
    noScriptWaits: '現在、待機中のスクリプトはありません。',
  },
  zh: {
    locale: 'zh-CN',
    signIn: '登录',
    user: '用户',
    password: '密码',
    clusters: '集群',
    pools: '节点池',
    createPool: '创建边缘节点池',
    name: '名称',
    region: '地域',
    createAndAdd: '创建并添加节点',
    makeScript: '生成脚本',
    daemonSets: '守护进程集',
    fromImage: '使用镜像创建',
    appName: '应用名称',
    type: '类型',
    image: '镜像',
    next: '下一步',
    create: '创建',
    edit: '编辑',
    save: '保存',
    review: '检查并保存',
    pods: '容器组',
    fromYaml: '使用 YAML 创建',
    sampleTemplate: '示例模板',
    custom: '自定义',
    yaml: 'YAML',
    customResources: '自定义资源',
    resourceObjects: '资源对象浏览器',
    editYaml: '编辑 YAML',
    components: '组件管理',
    install: '安装',
    plan: '查看将发生的变化',
    succeeded: '成功',
    createCluster: '创建集群',
    centralRegion: '中心地域',
    podRange: 'Pod 网段',
    serviceRange: 'Service 网段',
    namespaces: '命名空间',
    method: '部署方式',
    methodImage: '使用镜像',
    arguments: '启动参数',
    addNodes: '添加已有节点',
    podsOf: 'Pod',
    inTheCluster: '全部 1 个对象均已在集群中。',
    ready: '就绪',
    running: '运行中',
    noScriptWaits: '目前没有等待机器加入的脚本。',
  },
};
