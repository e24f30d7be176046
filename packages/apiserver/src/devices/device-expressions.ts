/**
 * Expressions that select devices are compiled when they are written: what doesn't compile, doesn't say yes or no, or could
 * cost too much for the largest device there may be is refused. Of a class that keeps its selectors nothing is asked.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
import {
  equalJson,
  type AnyObject,
  type DeviceClass,
  type DeviceClaim,
  type DeviceSelector,
  type FieldError,
  forbiddenField,
  invalidValue,
  type ResourceClaim,
  type ResourceClaimTemplate,
} from '@skerry/api';
import {
  bindMacro,
  boolType,
  Declared,
  dynType,
  Environment,
  kubernetesMacros,
  mapOf,
  quantityType,
  sameType,
  stringType,
  structType,
  type Type,
} from '@skerry/cel';
import type { KindHooks } from '#registry/registry.ts';

const costMax = 1_000_000;
const expressionLengthMax = 10 * 1024;
const selectorsMax = 32;
const domainLengthMax = 63;
const nameLengthMax = 32;
const valueLengthMax = 64;
const factsMax = 32;

const attributesType = mapOf(stringType, mapOf(stringType, dynType));
const capacityType = mapOf(stringType, mapOf(stringType, quantityType));
const deviceType = structType('kubernetes.DRADevice', {
  driver: stringType,
  allowMultipleAllocations: boolType,
  attributes: attributesType,
  capacity: capacityType,
});

/** Only asked for how large it may be: no value is ever made of it. */
function sized(
  type: Type,
  maxElements: number,
  parts: Partial<Pick<Declared, 'key' | 'element' | 'named' | 'fields'>> = {},
): Declared {
  return new Declared({
    type,
    maxElements,
    minSize: 0,
    ...parts,
    toValue: () => {
      throw new Error('a selector is compiled, never evaluated, by the API server');
    },
  });
}

const nameSized = sized(stringType, nameLengthMax);
const domainSized = sized(stringType, domainLengthMax);

function byDomain(type: Type, inner: Type, element: Declared, named?: Declared): Declared {
  return sized(type, factsMax, {
    key: domainSized,
    element: sized(mapOf(stringType, inner), factsMax, { key: nameSized, element, named }),
  });
}

const valueSized = sized(dynType, valueLengthMax);

const device = sized(deviceType, 0, {
  fields: new Map([
    ['driver', domainSized],
    ['allowMultipleAllocations', sized(boolType, 1)],
    ['attributes', byDomain(attributesType, dynType, valueSized, valueSized)],
    ['capacity', byDomain(capacityType, quantityType, sized(quantityType, 0))],
  ]),
});

let environment: Environment | undefined;

function selectorFault(expression: string, path: string): FieldError | undefined {
  // A longer one is told by the kind's own rules.
  if (expression.length > expressionLengthMax) return undefined;
  environment ??= new Environment({
    variables: { device },
    macros: new Map([...kubernetesMacros, ...bindMacro]),
  });
  const compiled = environment.compile(expression);
  if (!compiled.ok) {
    const stage = compiled.stage === 'instantiation' ? 'program instantiation' : 'compilation';
    return invalidValue(path, expression, `${stage} failed: ${compiled.issues}`);
  }
  const { type, cost } = compiled;
  if (!sameType(type, boolType) && type.kind !== 'dyn')
    return invalidValue(path, expression, `must evaluate to bool or the unknown type, not ${String(type)}`);
  return cost.max > costMax ? forbiddenField(path, 'too complex, exceeds cost limit') : undefined;
}

function selectorsFaults(selectors: readonly DeviceSelector[] | undefined, path: string): FieldError[] {
  if (!selectors || selectors.length > selectorsMax) return [];
  return selectors.flatMap(({ cel }, index) => {
    const fault = cel && selectorFault(cel.expression, `${path}[${index}].cel.expression`);
    return fault ? [fault] : [];
  });
}

function claimFaults({ requests = [] }: DeviceClaim, path: string): FieldError[] {
  if (requests.length > selectorsMax) return [];
  return requests.flatMap(({ exactly, firstAvailable = [] }, index) => {
    const at = `${path}.requests[${index}]`;
    if (exactly && firstAvailable.length > 0) return [];
    return [
      ...selectorsFaults(exactly?.selectors, `${at}.exactly.selectors`),
      ...firstAvailable.flatMap(({ selectors }, place) =>
        selectorsFaults(selectors, `${at}.firstAvailable[${place}].selectors`),
      ),
    ];
  });
}

/** In the order in which a stock server looks at the object, expressions along with everything else. */
function merged(own: readonly FieldError[], added: readonly FieldError[]): FieldError[] {
  if (added.length === 0) return [...own];
  return [...own, ...added]
    .map((fault) => ({ fault, place: placeOf(fault) }))
    .toSorted((a, b) => {
      const index = a.place.findIndex((step, at) => step !== b.place[at]);
      return index < 0 ? 0 : a.place[index]! - b.place[index]!;
    })
    .map(({ fault }) => fault);
}

const sections = ['selectors', 'requests', 'constraints', 'config', 'extendedResourceName'];
const fields = ['', 'name', 'deviceClassName', 'selectors', 'allocationMode', 'count', 'tolerations'];
const placePattern =
  /^(?:spec\.)+(?:devices\.)?(\w+)(?:\[(\d+)\])?(?:\.exactly|\.firstAvailable\[(\d+)\])?(?:\.(\w+)(?:\[(\d+)\])?)?/;

/** What is in a list twice is told after all its items, and that the whole may not change, after everything. */
function placeOf({ path, reason }: FieldError): number[] {
  if (!path.startsWith('spec') || path.startsWith('spec.metadata')) return [-1];
  if (path === 'spec') return [Infinity];
  const [, section = '', item = '-1', alternative = '-1', field = '', place = '-1'] =
    placePattern.exec(path) ?? [];
  const last = reason === 'FieldValueDuplicate' && field === '' ? Infinity : undefined;
  const within = section === 'requests' ? fields.indexOf(field) : 0;
  return alternative === '-1'
    ? [sections.indexOf(section), last ?? Number(item), -1, within, Number(place)]
    : [sections.indexOf(section), Number(item), last ?? Number(alternative), within, Number(place)];
}

const classHooks: KindHooks = {
  faults(object, own, old) {
    const selectorsOf = (of: AnyObject | undefined) => (of as DeviceClass | undefined)?.spec?.selectors ?? [];
    if (old && equalJson(selectorsOf(object), selectorsOf(old))) return own;
    return merged(own, selectorsFaults(selectorsOf(object), 'spec.selectors'));
  },
};

/** By `group/resource`. A claim doesn't change its spec; a change is refused for that alone. */
export const deviceHooks: readonly (readonly [string, KindHooks])[] = [
  ['resource.k8s.io/deviceclasses', classHooks],
  [
    'resource.k8s.io/resourceclaims',
    {
      faults: (object, own, old) => {
        const { spec } = object as unknown as ResourceClaim;
        return old ? own : merged(own, claimFaults(spec?.devices ?? {}, 'spec.devices'));
      },
    },
  ],
  [
    'resource.k8s.io/resourceclaimtemplates',
    {
      faults: (object, own) => {
        const { spec } = object as unknown as ResourceClaimTemplate;
        return merged(own, claimFaults(spec?.spec?.devices ?? {}, 'spec.spec.devices'));
      },
    },
  ],
];
