/** What a workload selects, and the template of the pods that it makes. */
import { labelSelectorFrom, type LabelSelectorObject } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { PodTemplateSpec } from '#types.generated.ts';
import { forbiddenField, invalidValue, notSupported, required, sameJson } from '#validation/faults.ts';
import { checkLabelSelector, isEmptySelector } from '#validation/label-selector.ts';
import { checkPodTemplate } from '#validation/pod/pod-spec.ts';

export interface Templated {
  readonly selector?: LabelSelectorObject;
  readonly template?: PodTemplateSpec;
}

/** A selector that is there, is sound and selects something. */
export function checkSelector(
  faults: FieldError[],
  selector: LabelSelectorObject | undefined,
  what: string,
): void {
  if (!selector) faults.push(required('spec.selector'));
  else {
    checkLabelSelector(faults, selector, 'spec.selector');
    if (isEmptySelector(selector))
      faults.push(invalidValue('spec.selector', inOrder(selector), `empty selector is invalid for ${what}`));
  }
}

/** As it is printed: with its names of JSON, and without what is empty. */
export function inOrder(selector: LabelSelectorObject | undefined): object | undefined {
  if (!selector) return undefined;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return {
    ...(Object.keys(matchLabels).length > 0 ? { matchLabels: sortedMap(matchLabels) } : {}),
    ...(matchExpressions.length > 0 ? { matchExpressions: matchExpressions.map(withoutNoValues) } : {}),
  };
}

function withoutNoValues({ values = [], ...expression }: { readonly values?: readonly string[] }): object {
  return values.length > 0 ? { ...expression, values } : expression;
}

export function sortedMap(
  map: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  return map && Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Undefined where the selector can't be read, which is a fault of its own. */
export function selects(
  selector: LabelSelectorObject | undefined,
  template: PodTemplateSpec | undefined,
): boolean | undefined {
  if (!selector) return false;
  const faults: FieldError[] = [];
  checkLabelSelector(faults, selector, '');
  if (faults.length > 0) return undefined;
  return labelSelectorFrom(selector).matches(template?.metadata?.labels);
}

export function mismatch(template: PodTemplateSpec | undefined): FieldError {
  return invalidValue(
    'spec.template.metadata.labels',
    sortedMap(template?.metadata?.labels) ?? null,
    '`selector` does not match template `labels`',
  );
}

/** The template of pods that are to run for ever; `who` is told in the fault about deadlines. */
export function checkLastingTemplate(
  faults: FieldError[],
  template: PodTemplateSpec,
  who: string,
  old?: PodTemplateSpec,
): void {
  checkPodTemplate(faults, template, 'spec.template', old);
  checkLasting(faults, template, who);
}

export function checkLasting(faults: FieldError[], { spec }: PodTemplateSpec, who: string): void {
  const policy = spec?.restartPolicy ?? '';
  if (policy !== 'Always') faults.push(notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  if (spec?.activeDeadlineSeconds !== undefined)
    faults.push(
      forbiddenField(
        'spec.template.spec.activeDeadlineSeconds',
        `activeDeadlineSeconds in ${who} is not Supported`,
      ),
    );
}

/** A selector never changes: what was made by it would be lost. */
export function checkSelectorKept(
  faults: FieldError[],
  next: LabelSelectorObject | undefined,
  old: LabelSelectorObject | undefined,
): void {
  if (!sameJson(next, old)) faults.push(invalidValue('spec.selector', inOrder(next), 'field is immutable'));
}
