/**
 * Reads a KubeSchedulerConfiguration of `kubescheduler.config.k8s.io/v1`: profiles with their scheduler names, which plug-ins
 * they ask, weights and arguments. Plug-ins keep the order of kube-scheduler; those that every scheduler must have (queue order,
 * gates, binding) can't be taken out, and there are no extenders and no plug-ins of one's own.
 * https://kubernetes.io/docs/reference/scheduling/config/
 */
import type { NodeAffinity, TopologySpreadConstraint } from '@skerry/api';
import { filtersByName, lastingFilters } from '#filters/index.ts';
import type { FilterName } from '#filters/index.ts';
import {
  defaultArguments,
  type PluginArguments,
  type Profile,
  type SchedulerConfiguration,
  type ScoringStrategy,
} from '#profile.ts';
import { scoresByName, type ScoreName } from '#scores/index.ts';

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

type Tree = Readonly<Record<string, unknown>>;

const apiVersion = 'kubescheduler.config.k8s.io/v1';
const withoutMeaning = [
  'parallelism',
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
  'delayCacheUntilActive',
];
/** Parts of every scheduler; naming them changes nothing. */
const fixed = new Set(['PrioritySort', 'SchedulingGates', 'DefaultBinder']);
const preemption = 'DefaultPreemption';
/** Points whose lists say nothing beyond what `filter`, `score`, `postFilter` and `multiPoint` say. */
const otherPoints = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'preScore',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
  'placementGenerate',
];
const profilesMax = 64;

/** @throws ConfigurationError that names the field. */
export function schedulerConfiguration(value: unknown): SchedulerConfiguration {
  const root = tree(value, 'configuration');
  if (root['apiVersion'] !== apiVersion || root['kind'] !== 'KubeSchedulerConfiguration')
    throw new ConfigurationError(`must be a KubeSchedulerConfiguration of ${apiVersion}`);
  if (list(root['extenders'], 'extenders').length > 0)
    throw new ConfigurationError('extenders: there are none here');
  onlyKnown(root, 'configuration', [
    'apiVersion',
    'kind',
    'profiles',
    'extenders',
    'percentageOfNodesToScore',
    'podInitialBackoffSeconds',
    'podMaxBackoffSeconds',
    ...withoutMeaning,
  ]);
  const percentage = number(root['percentageOfNodesToScore'], 'percentageOfNodesToScore', 0, { max: 100 });
  const profiles = list(root['profiles'] ?? [{}], 'profiles').map((each, index) =>
    profileOf(tree(each ?? {}, `profiles[${index}]`), `profiles[${index}]`, percentage),
  );
  if (profiles.length === 0 || profiles.length > profilesMax)
    throw new ConfigurationError(`profiles: 1 to ${profilesMax} are needed`);
  const names = new Set<string>();
  for (const { schedulerName } of profiles) {
    if (names.has(schedulerName))
      throw new ConfigurationError(`profiles: Duplicate value: ${JSON.stringify(schedulerName)}`);
    names.add(schedulerName);
  }
  const initial = number(root['podInitialBackoffSeconds'], 'podInitialBackoffSeconds', 1, { min: 1 });
  const max = number(root['podMaxBackoffSeconds'], 'podMaxBackoffSeconds', 10, { min: 1 });
  if (max < initial)
    throw new ConfigurationError(
      'podMaxBackoffSeconds: must be greater than or equal to PodInitialBackoffSeconds',
    );
  return {
    profiles,
    podInitialBackoffSeconds: initial,
    podMaxBackoffSeconds: max,
    ignored: withoutMeaning.filter((name) => root[name] !== undefined),
  };
}

function profileOf(profile: Tree, at: string, percentage: number): Profile {
  onlyKnown(profile, at, ['schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig']);
  const schedulerName = text(profile['schedulerName'] ?? 'default-scheduler', `${at}.schedulerName`);
  if (schedulerName === '') throw new ConfigurationError(`${at}.schedulerName: Required value`);
  const plugins = tree(profile['plugins'] ?? {}, `${at}.plugins`);
  const points = ['filter', 'score', 'postFilter', 'multiPoint'];
  onlyKnown(plugins, `${at}.plugins`, [...points, ...otherPoints]);
  const setOf = (point: string) => pluginSet(plugins[point], `${at}.plugins.${point}`);
  for (const point of otherPoints) setOf(point);
  const everywhere = setOf('multiPoint');
  const filters = chosen(Object.keys(filtersByName) as FilterName[], everywhere, setOf('filter'));
  const scores = chosen(Object.keys(scoresByName) as ScoreName[], everywhere, setOf('score'));
  const lasting = new Set<FilterName>(lastingFilters);
  return {
    schedulerName,
    filters: filters.map(([name]) => filtersByName[name]),
    lasting: filters.filter(([name]) => lasting.has(name)).map(([name]) => filtersByName[name]),
    scores: scores.map(([name, weight]) => [scoresByName[name].prepare, weight ?? scoresByName[name].weight]),
    preempts: chosen([preemption], everywhere, setOf('postFilter')).length > 0,
    arguments: argumentsOf(list(profile['pluginConfig'], `${at}.pluginConfig`), `${at}.pluginConfig`),
    percentageOfNodesToScore: number(
      profile['percentageOfNodesToScore'],
      `${at}.percentageOfNodesToScore`,
      percentage,
      { max: 100 },
    ),
  };
}

interface PluginSet {
  readonly enabled: ReadonlyMap<string, number | undefined>;
  readonly disabled: ReadonlySet<string>;
}

function pluginSet(value: unknown, at: string): PluginSet {
  const set = tree(value ?? {}, at);
  onlyKnown(set, at, ['enabled', 'disabled']);
  const entries = (which: 'enabled' | 'disabled') =>
    list(set[which], `${at}.${which}`).map((each, index) => {
      const entry = tree(each, `${at}.${which}[${index}]`);
      onlyKnown(entry, `${at}.${which}[${index}]`, ['name', 'weight']);
      const name = text(entry['name'], `${at}.${which}[${index}].name`);
      const isKnown = name in filtersByName || name in scoresByName || name === preemption || fixed.has(name);
      if (!isKnown && !(which === 'disabled' && name === '*'))
        throw new ConfigurationError(
          `${at}.${which}[${index}].name: there is no plug-in ${JSON.stringify(name)}`,
        );
      if (which === 'disabled' && fixed.has(name))
        throw new ConfigurationError(`${at}.${which}[${index}].name: ${name} can't be taken out`);
      const weight =
        entry['weight'] === undefined
          ? undefined
          : number(entry['weight'], `${at}.weight`, 0, { max: 2 ** 31 });
      return [name, weight === 0 ? undefined : weight] as const;
    });
  return {
    enabled: new Map(entries('enabled')),
    disabled: new Set(entries('disabled').map(([name]) => name)),
  };
}

/** What is left of the stock plug-ins of a point, in their order; what is enabled at the point itself goes before all. */
function chosen<N extends string>(
  names: readonly N[],
  everywhere: PluginSet,
  here: PluginSet,
): (readonly [name: N, weight: number | undefined])[] {
  return names.flatMap((name) => {
    if (here.enabled.has(name)) return [[name, here.enabled.get(name)] as const];
    if (here.disabled.has(name) || here.disabled.has('*')) return [];
    if (everywhere.enabled.has(name)) return [[name, everywhere.enabled.get(name)] as const];
    if (everywhere.disabled.has(name) || everywhere.disabled.has('*')) return [];
    return [[name, undefined] as const];
  });
}

function argumentsOf(entries: readonly unknown[], at: string): PluginArguments {
  let result = defaultArguments;
  const seen = new Set<string>();
  for (const [index, each] of entries.entries()) {
    const entry = tree(each, `${at}[${index}]`);
    const name = text(entry['name'], `${at}[${index}].name`);
    if (seen.has(name))
      throw new ConfigurationError(`${at}[${index}]: Duplicate value: ${JSON.stringify(name)}`);
    seen.add(name);
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (!read)
      throw new ConfigurationError(`${at}[${index}].name: ${JSON.stringify(name)} takes no arguments here`);
    const { apiVersion: _version, kind: _kind, ...args } = tree(entry['args'] ?? {}, `${at}[${index}].args`);
    result = { ...result, ...read(args, `${at}[${index}].args`) };
  }
  return result;
}

const readers: Readonly<Record<string, (args: Tree, at: string) => Partial<PluginArguments>>> = {
  NodeResourcesFit(args, at) {
    onlyKnown(args, at, ['scoringStrategy', 'ignoredResources', 'ignoredResourceGroups']);
    return {
      ignoredResources: new Set(texts(args['ignoredResources'], `${at}.ignoredResources`)),
      ignoredResourceGroups: new Set(texts(args['ignoredResourceGroups'], `${at}.ignoredResourceGroups`)),
      ...(args['scoringStrategy'] === undefined
        ? {}
        : { scoringStrategy: strategyOf(args['scoringStrategy'], `${at}.scoringStrategy`) }),
    };
  },
  NodeResourcesBalancedAllocation(args, at) {
    onlyKnown(args, at, ['resources']);
    if (args['resources'] === undefined) return {};
    return { balancedResources: weighted(args['resources'], `${at}.resources`).map(({ name }) => name) };
  },
  InterPodAffinity(args, at) {
    onlyKnown(args, at, ['hardPodAffinityWeight', 'ignorePreferredTermsOfExistingPods']);
    return {
      hardPodAffinityWeight: number(args['hardPodAffinityWeight'], `${at}.hardPodAffinityWeight`, 1, {
        max: 100,
      }),
      ignorePreferredTermsOfExistingPods: args['ignorePreferredTermsOfExistingPods'] === true,
    };
  },
  PodTopologySpread(args, at) {
    onlyKnown(args, at, ['defaultConstraints', 'defaultingType']);
    const given = list(args['defaultConstraints'], `${at}.defaultConstraints`);
    if (args['defaultingType'] !== 'List') {
      if (given.length > 0)
        throw new ConfigurationError(`${at}.defaultConstraints: need defaultingType List`);
      return {};
    }
    return {
      defaultConstraints: given.map((each, index): TopologySpreadConstraint => {
        const where = `${at}.defaultConstraints[${index}]`;
        const constraint = tree(each, where);
        onlyKnown(constraint, where, ['topologyKey', 'maxSkew', 'whenUnsatisfiable']);
        return {
          topologyKey: text(constraint['topologyKey'], `${where}.topologyKey`),
          maxSkew: number(constraint['maxSkew'], `${where}.maxSkew`, 1, { min: 1 }),
          whenUnsatisfiable: oneOf(constraint['whenUnsatisfiable'], `${where}.whenUnsatisfiable`, [
            'ScheduleAnyway',
            'DoNotSchedule',
          ]),
        };
      }),
    };
  },
  NodeAffinity(args, at) {
    onlyKnown(args, at, ['addedAffinity']);
    const added = args['addedAffinity'];
    if (added === undefined || added === null) return {};
    return { addedAffinity: tree(added, `${at}.addedAffinity`) as NodeAffinity };
  },
  VolumeBinding(args, at) {
    onlyKnown(args, at, ['bindTimeoutSeconds', 'shape']);
    return {
      bindTimeoutSeconds: number(args['bindTimeoutSeconds'], `${at}.bindTimeoutSeconds`, 600, {
        max: 86_400,
      }),
    };
  },
  DefaultPreemption(args, at) {
    onlyKnown(args, at, ['minCandidateNodesPercentage', 'minCandidateNodesAbsolute']);
    const percentage = args['minCandidateNodesPercentage'];
    const absolute = args['minCandidateNodesAbsolute'];
    return {
      minCandidateNodesPercentage: number(percentage, `${at}.minCandidateNodesPercentage`, 10, { max: 100 }),
      minCandidateNodesAbsolute: number(absolute, `${at}.minCandidateNodesAbsolute`, 100),
    };
  },
};

function strategyOf(value: unknown, at: string): ScoringStrategy {
  const strategy = tree(value, at);
  onlyKnown(strategy, at, ['type', 'resources', 'requestedToCapacityRatio']);
  const type = oneOf(strategy['type'] ?? 'LeastAllocated', `${at}.type`, [
    'LeastAllocated',
    'MostAllocated',
    'RequestedToCapacityRatio',
  ]);
  const resources =
    strategy['resources'] === undefined
      ? defaultArguments.scoringStrategy.resources
      : weighted(strategy['resources'], `${at}.resources`);
  if (type !== 'RequestedToCapacityRatio') return { type, resources };
  const ratio = tree(strategy['requestedToCapacityRatio'], `${at}.requestedToCapacityRatio`);
  const shape = list(ratio['shape'], `${at}.requestedToCapacityRatio.shape`).map((each, index) => {
    const where = `${at}.requestedToCapacityRatio.shape[${index}]`;
    const point = tree(each, where);
    return {
      utilization: number(point['utilization'], `${where}.utilization`, 0, { max: 100 }),
      score: number(point['score'], `${where}.score`, 0, { max: 10 }),
    };
  });
  if (shape.length === 0)
    throw new ConfigurationError(
      `${at}.requestedToCapacityRatio.shape: at least one point must be specified`,
    );
  if (shape.some(({ utilization }, index) => index > 0 && utilization <= shape[index - 1]!.utilization))
    throw new ConfigurationError(
      `${at}.requestedToCapacityRatio.shape: utilization values must be sorted in increasing order`,
    );
  return { type, resources, shape };
}

function weighted(value: unknown, at: string): { name: string; weight: number }[] {
  return list(value, at).map((each, index) => {
    const resource = tree(each, `${at}[${index}]`);
    return {
      name: text(resource['name'], `${at}[${index}].name`),
      weight: number(resource['weight'], `${at}[${index}].weight`, 1, { min: 1, max: 100 }),
    };
  });
}

function tree(value: unknown, at: string): Tree {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigurationError(`${at}: must be an object`);
  return value as Tree;
}

function list(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new ConfigurationError(`${at}: must be a list`);
  return value;
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new ConfigurationError(`${at}: must be a text`);
  return value;
}

function texts(value: unknown, at: string): string[] {
  return list(value, at).map((each, index) => text(each, `${at}[${index}]`));
}

function number(
  value: unknown,
  at: string,
  otherwise: number,
  { min = 0, max = 2 ** 31 }: { min?: number; max?: number } = {},
): number {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new ConfigurationError(`${at}: must be a whole number from ${min} to ${max}`);
  return value;
}

function oneOf<T extends string>(value: unknown, at: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new ConfigurationError(`${at}: must be one of ${allowed.join(', ')}`);
  return found;
}

function onlyKnown(value: Tree, at: string, known: readonly string[]): void {
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other !== undefined) throw new ConfigurationError(`${at}: unknown field ${JSON.stringify(other)}`);
}
