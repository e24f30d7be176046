/** Whose objects these are; on the definition of DaemonSets it is also the switch of the component. */
export const componentLabel = 'component.skerry.io/name';
export const componentName = 'openkruise';
/** The release whose behaviour this is. */
export const openKruiseVersion = '1.9.0';

export const componentLabels: Readonly<Record<string, string>> = {
  [componentLabel]: componentName,
  'app.kubernetes.io/name': 'openkruise',
  'app.kubernetes.io/version': openKruiseVersion,
};
