export { runControllers, type RunControllersOptions } from './manager.ts';
export { catalogue, type ControllerName, type ControllerSettings } from './catalogue.ts';
export { type Controller, type ControllerContext } from './runtime/controller.ts';
export {
  nodePoolCustomResourceDefinition,
  nodePoolLabel,
  nodePoolTypeLabel,
  type NodePool,
} from './edge/node-pool/definition.ts';
export { openKruiseManifests } from './kruise/manifests/manifests.ts';
export { openKruiseValuesSchema, type OpenKruiseValues } from './kruise/manifests/values.ts';
export { componentLabel, openKruiseVersion } from './kruise/manifests/labels.ts';
export {
  installLocalPathClass,
  localPathClassName,
  localPathProvisioner,
} from './storage/local-path/storage-class.ts';
