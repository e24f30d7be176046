/** Environment variables of a container. */
import type { FieldError } from '#status.ts';
import type { EnvFromSource, EnvVar, FileKeySelector } from '#types.generated.ts';
import { checkReasons, invalidValue, required } from '#validation/faults.ts';
import { dataKeyFaults, dnsLabelFaults, dnsSubdomainFaults, envNameFaults } from '#validation/names.ts';
import { checkNoBacksteps } from '#validation/paths.ts';
import { checkFieldRef, checkResourceFieldRef, envFieldPaths } from '#validation/pod/field-refs.ts';

export function checkEnv(faults: FieldError[], variables: readonly EnvVar[] | undefined, path: string): void {
  for (const [index, variable] of (variables ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (!variable.name) faults.push(required(`${at}.name`));
    else checkReasons(faults, `${at}.name`, variable.name, envNameFaults(variable.name));
    if (variable.valueFrom) checkValueFrom(faults, variable, `${at}.valueFrom`);
  }
}

function checkValueFrom(faults: FieldError[], { value, valueFrom = {} }: EnvVar, path: string): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  if (fieldRef) checkFieldRef(faults, fieldRef, envFieldPaths, `${path}.fieldRef`);
  if (resourceFieldRef)
    checkResourceFieldRef(faults, resourceFieldRef, `${path}.resourceFieldRef`, { needsContainer: false });
  if (configMapKeyRef) checkKeyRef(faults, configMapKeyRef, `${path}.configMapKeyRef`);
  if (secretKeyRef) checkKeyRef(faults, secretKeyRef, `${path}.secretKeyRef`);
  if (fileKeyRef) checkFileKeyRef(faults, fileKeyRef, `${path}.fileKeyRef`);
  const given = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(
    (source) => source !== undefined,
  ).length;
  if (given === 0)
    faults.push(
      invalidValue(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  else if (value) faults.push(invalidValue(path, '', 'may not be specified when `value` is not empty'));
  else if (given > 1)
    faults.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
}

function checkKeyRef(
  faults: FieldError[],
  { name = '', key = '' }: { readonly name?: string; readonly key?: string },
  path: string,
): void {
  checkReasons(faults, `${path}.name`, name, dnsSubdomainFaults(name));
  if (!key) faults.push(required(`${path}.key`));
  else checkReasons(faults, `${path}.key`, key, dataKeyFaults(key));
}

function checkFileKeyRef(faults: FieldError[], reference: FileKeySelector, path: string): void {
  const { key, volumeName, path: file } = reference;
  if (!key) faults.push(required(`${path}.key`));
  else checkReasons(faults, `${path}.key`, key, envNameFaults(key));
  if (!volumeName) faults.push(required(`${path}.volumeName`));
  else checkReasons(faults, `${path}.volumeName`, volumeName, dnsLabelFaults(volumeName));
  if (!file) faults.push(required(`${path}.path`));
  else checkNoBacksteps(faults, file, `${path}.path`);
}

export function checkEnvFrom(
  faults: FieldError[],
  sources: readonly EnvFromSource[] | undefined,
  path: string,
): void {
  for (const [index, { prefix, configMapRef, secretRef }] of (sources ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (prefix) checkReasons(faults, `${at}.prefix`, prefix, envNameFaults(prefix));
    if (configMapRef) checkSourceName(faults, configMapRef.name, `${at}.configMapRef.name`);
    if (secretRef) checkSourceName(faults, secretRef.name, `${at}.secretRef.name`);
    if (!configMapRef && !secretRef)
      faults.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (configMapRef && secretRef)
      faults.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
  }
}

function checkSourceName(faults: FieldError[], name: string | undefined, path: string): void {
  if (!name) faults.push(required(path));
  else {
    // Whatever may follow a dash at the end is not known here.
    const probed = name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
    checkReasons(faults, path, name, dnsSubdomainFaults(probed));
  }
}
