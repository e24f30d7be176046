/**
 * Messages whose JSON is not an object of their fields: quantities, times, and structs that wrap raw JSON or a list.
 */
export type WellKnown =
  | 'quantity'
  | 'int-or-string'
  | 'time'
  | 'micro-time'
  | 'raw-json'
  | 'items'
  | 'schema-or-array'
  | 'schema-or-bool'
  | 'schema-or-strings';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const extensions = ['v1', 'v1beta1'].map(
  (version) => `k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.${version}`,
);

const names: Readonly<Record<string, WellKnown>> = {
  'k8s.io.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  [`${meta}.Time`]: 'time',
  [`${meta}.MicroTime`]: 'micro-time',
  [`${meta}.FieldsV1`]: 'raw-json',
  'k8s.io.apimachinery.pkg.runtime.RawExtension': 'raw-json',
  ...Object.fromEntries(
    extensions.flatMap((each) => [
      [`${each}.JSON`, 'raw-json'],
      [`${each}.JSONSchemaPropsOrArray`, 'schema-or-array'],
      [`${each}.JSONSchemaPropsOrBool`, 'schema-or-bool'],
      [`${each}.JSONSchemaPropsOrStringArray`, 'schema-or-strings'],
    ]),
  ),
};

export function wellKnown(message: string): WellKnown | undefined {
  return names[message] ?? (/\.(ExtraValue|Verbs)$/.test(message) ? 'items' : undefined);
}
