import { labelKeyFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { Lease } from '#types.generated.ts';
import { checkReasons, forbiddenField, invalidValue, notSupported } from '#validation/faults.ts';

export function validateLease({ spec }: Lease): FieldError[] {
  const faults: FieldError[] = [];
  const {
    leaseDurationSeconds: seconds,
    leaseTransitions: transitions,
    strategy,
    preferredHolder,
  } = spec ?? {};
  if (seconds !== undefined && seconds <= 0)
    faults.push(invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0'));
  if (transitions !== undefined && transitions < 0)
    faults.push(invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  if (strategy !== undefined) checkStrategy(faults, strategy, 'spec.strategy.strategy');
  if (preferredHolder && !strategy)
    faults.push(forbiddenField('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  return faults;
}

function checkStrategy(faults: FieldError[], strategy: string, path: string): void {
  if (strategy.includes('/')) checkReasons(faults, path, strategy, labelKeyFaults(strategy));
  else if (strategy !== 'OldestEmulationVersion')
    faults.push(notSupported(path, strategy, ['OldestEmulationVersion']));
}
