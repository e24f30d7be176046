/** What OpenKruise refuses of image pulls: the first thing wrong, in its words. */
import { checkLabelSelector, isEmptySelector, parseImageReference } from '@skerry/api';
import type { FieldError, LabelSelectorObject, NodeImage } from '@skerry/api';
import type { ImageListPullJob, ImagePullJob, ImagePullTemplate } from '#kruise/kinds/image-pull.ts';
import { pullTimeoutSeconds } from '#kruise/webhooks/defaults.ts';

export const imagesMax = 255;
const nodeImagesMax = 256;
const endsOnly =
  'activeDeadlineSeconds and ttlSecondsAfterFinished can only work with Always CompletionPolicyType';

export function imagePullJobFault({ spec }: ImagePullJob): string | undefined {
  if (!spec) return undefined;
  const { image, completionPolicy = {}, pullPolicy = {} } = spec;
  const deadline = completionPolicy.activeDeadlineSeconds;
  const timeout = pullPolicy.timeoutSeconds ?? pullTimeoutSeconds;
  return (
    targetFault(spec) ??
    (image === '' ? 'image can not be empty' : referenceFault(image)) ??
    parallelismFault(spec.parallelism) ??
    (completionPolicy.type === 'Always' && deadline !== undefined && timeout > deadline
      ? 'completionPolicy.activeDeadlineSeconds must be greater than pullPolicy.timeoutSeconds(default 600)'
      : completionFault(spec))
  );
}

export function imageListPullJobFault({ spec }: ImageListPullJob): string | undefined {
  if (!spec) return undefined;
  const { images } = spec;
  return (
    targetFault(spec) ??
    (images.length === 0 ? 'image can not be empty' : undefined) ??
    (new Set(images).size < images.length ? 'images cannot have duplicate values' : undefined) ??
    (images.length > imagesMax ? `the maximum number of images cannot > ${imagesMax}` : undefined) ??
    first(images, referenceFault) ??
    parallelismFault(spec.parallelism) ??
    completionFault(spec)
  );
}

function targetFault({ selector, podSelector }: ImagePullTemplate): string | undefined {
  if (selector) {
    const { names, ...labels } = selector;
    if (labels.matchLabels || labels.matchExpressions) {
      if (names) return 'can not set both names and labelSelector in this spec.selector';
      const fault = selectorFault(labels);
      if (fault) return `invalid selector: ${fault}`;
    }
    if (names && new Set(names).size < names.length) return 'duplicated name in selector names';
  }
  if (!podSelector) return undefined;
  if (selector) return 'can not set both selector and podSelector';
  const fault = isEmptySelector(podSelector) ? undefined : selectorFault(podSelector);
  return fault && `invalid podSelector: ${fault}`;
}

function selectorFault(selector: LabelSelectorObject): string | undefined {
  const faults: FieldError[] = [];
  checkLabelSelector(faults, selector, 'selector');
  return faults[0] && `${faults[0].path}: ${faults[0].message}`;
}

function referenceFault(image: string): string | undefined {
  return parseImageReference(image) ? undefined : `invalid image ${image}: invalid reference format`;
}

function parallelismFault(parallelism: number | string | undefined): string | undefined {
  if (parallelism === undefined) return undefined;
  if (typeof parallelism === 'string') {
    if (parallelism.endsWith('%')) return 'parallelism does not support percentage value';
    if (!/^[+-]?\d+$/.test(parallelism)) {
      return `parallelism must be a valid integer: parsing ${JSON.stringify(parallelism)}: invalid syntax`;
    }
  }
  return Number(parallelism) < 0 ? 'parallelism must be non-negative' : undefined;
}

function completionFault({ completionPolicy = {} }: ImagePullTemplate): string | undefined {
  const { type = '', activeDeadlineSeconds, ttlSecondsAfterFinished } = completionPolicy;
  if (type === 'Always') return undefined;
  if (type !== 'Never') return `unknown type of completionPolicy: ${type}`;
  const ends = activeDeadlineSeconds !== undefined || ttlSecondsAfterFinished !== undefined;
  return ends ? endsOnly : undefined;
}

export function nodeImageFault({ spec }: NodeImage): string | undefined {
  const images = Object.entries(spec?.images ?? {});
  if (images.length > nodeImagesMax) {
    return `spec images length ${images.length} can not be more than ${nodeImagesMax}`;
  }
  return first(images, ([name, { tags }]) => {
    if (name === '') return 'image name can not be empty';
    const seen = new Set<string>();
    return first(tags ?? [], (tag) => {
      if (tag.tag === '') return `tag for image ${name} can not be empty`;
      if (seen.has(tag.tag)) return `duplicated tag ${tag.tag} for image ${name}`;
      seen.add(tag.tag);
      const full = `${name}/${tag.tag}`;
      if (tag.createdAt === undefined) return `createAt field for ${full} can not be empty`;
      if ((tag.version ?? 0) < 0) return `version for ${full} can not be less than 0`;
      if (!tag.pullPolicy) return `pullPolicy field for ${full} must set`;
      return tag.pullPolicy.ttlSecondsAfterFinished === undefined
        ? `pullPolicy.ttlSecondsAfterFinished for ${full} must set`
        : undefined;
    });
  });
}

function first<T>(items: readonly T[], faultOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const fault = faultOf(item);
    if (fault) return fault;
  }
  return undefined;
}
