/** Names of certificate signers: `example.com/signer-name`, and of the trust bundles that belong to them. */
import type { FieldError } from '#status.ts';
import { checkReasons, invalidValue, quoted, required, tooLong } from '#validation/faults.ts';
import { dnsLabelFaults, dnsSubdomainFaults } from '#validation/names.ts';

const domainLengthMax = 253;
const pathLengthMax = 253 + 63 + 1;

export function isKubernetesSigner(name: string): boolean {
  const [host = ''] = name.split('/');
  return host === 'kubernetes.io' || host.endsWith('.kubernetes.io');
}

export function checkSignerName(faults: FieldError[], name: string, path: string): void {
  if (!name) {
    faults.push(required(path));
    return;
  }
  const [domain = '', rest, ...more] = name.split('/');
  if (rest === undefined || more.length > 0) {
    faults.push(
      invalidValue(
        path,
        name,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    );
    return;
  }
  if (domain.length > domainLengthMax) faults.push(tooLong(path, domainLengthMax));
  const labels = domain.split('.');
  checkLabels(faults, domain, labels, dnsLabelFaults, path);
  if (labels.length < 2)
    faults.push(
      invalidValue(path, domain, 'should be a domain with at least two segments separated by dots'),
    );
  checkLabels(faults, rest, rest.split('.'), dnsSubdomainFaults, path);
  const lengthMax = domainLengthMax + pathLengthMax + 1;
  if (name.length > lengthMax) faults.push(tooLong(path, lengthMax));
}

/** Only the first bad label is told. */
function checkLabels(
  faults: FieldError[],
  text: string,
  labels: readonly string[],
  rule: (label: string) => string[],
  path: string,
): void {
  for (const label of labels) {
    const reasons = rule(label);
    if (reasons.length === 0) continue;
    for (const why of reasons)
      faults.push(invalidValue(path, text, `validating label ${quoted(label)}: ${why}`));
    return;
  }
}

/** Reasons against the name of a ClusterTrustBundle that is of `signerName`, or of none. */
export function trustBundleNameFaults(name: string, signerName: string): string[] {
  if (signerName === '')
    return name.includes(':')
      ? ['ClusterTrustBundle without signer name must not have ":" in its name']
      : dnsSubdomainFaults(name);
  const prefix = `${signerName.replaceAll('/', ':')}:`;
  return name.startsWith(prefix)
    ? dnsSubdomainFaults(name.slice(prefix.length))
    : [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`];
}

/** A reference to a ClusterTrustBundle; the name tells whose it is. */
export function checkTrustBundleName(faults: FieldError[], name: string, path: string): void {
  const colon = name.lastIndexOf(':');
  const signerName = colon < 0 ? '' : name.slice(0, colon).replaceAll(':', '/');
  checkReasons(
    faults,
    path,
    name,
    trustBundleNameFaults(name, signerName).map((why) => `not a valid clustertrustbundlename: ${why}`),
  );
}
