export * from './object.ts';
export * from './status.ts';
export * from './kind.ts';
export * from './schema.ts';
export * from './selector.ts';
export type * from './types.generated.ts';
export { builtinSchemas } from './schemas.ts';
export * from './quantity.ts';
export { timeText } from './instant.ts';
export { serverVersion, versionDocument, type VersionInfo } from './server-version.ts';
export { measureBuild, measureHealth, type HealthLook, type HealthNumbers } from './server-numbers.ts';
export * from './patch/index.ts';
export * from './apply/index.ts';
export * from './placement/index.ts';
export { decodeProtobuf } from './protobuf/decode.ts';
export {
  encodeMessage,
  encodeProtobuf,
  hasProtobuf,
  inEnvelope,
  protobufFrame,
  protobufList,
  type TypeName,
} from './protobuf/encode.ts';
export { WireReader } from './protobuf/wire-reader.ts';
export { WireWriter } from './protobuf/wire-writer.ts';
export { dropEmptyFields, DroppedFields, type DropOptions } from './empty-fields.ts';
export { builtinKinds, kindOf, resourceOf } from './kinds/builtin.ts';
export { behaviour, type KindBehaviour, type TypedStrategy } from './kinds/behaviour.ts';
export { ageColumn, column, createdAtColumn, nameColumn, plainColumns } from './kinds/columns.ts';
export { ageText, humanDuration } from './duration.ts';
export {
  autonomyCondition,
  autonomyDurationAnnotation,
  autonomyMs,
  conditionsOfReturn,
  deadCondition,
  disconnectedCondition,
  durationMs,
  peersAnnotation,
  type PeerWord,
  saysAutonomy,
  taintsOfReturn,
  unreachableTaint,
} from './autonomy.ts';
export { podQosClass, type QosClass } from './pod-qos.ts';
export { setPodDefaults, setPodSpecDefaults, setPodTemplateDefaults } from './defaults/pod-spec.ts';
export { isPodTerminal } from './kinds/core/pod.ts';
export { podSummary, type PodSummary } from './kinds/core/pod-columns.ts';
export { nodeRoles } from './kinds/core/node.ts';
export { systemPriorityClasses, userPriorityMax } from './kinds/scheduling/priority-class.ts';
export { isDefaultStorageClass } from './kinds/storage/default-class.ts';
export * from './validation/faults.ts';
export {
  canonicalAddress,
  cidrFaults,
  ipFaults,
  isIPv4,
  isIPv6,
  readAddress,
  readNetwork,
  type Network,
} from './validation/addresses.ts';
export { serviceAddressFaults } from './validation/core/service.ts';
export * from './validation/names.ts';
export {
  byteLength,
  checkObjectMeta,
  type NameRule,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './validation/object-meta.ts';
export { mandatoryFlowSpecs, mandatoryLevelSpecs } from './validation/mandatory-flow.ts';
export { validateLabelSelector } from './validation/label-selector.ts';
export { type Decoded, type DecodeOptions, type FieldValidationMode, decodeObject } from './schema-decode.ts';
export { applyDefaults, pruneNulls, pruneUnknown } from './structural-schema.ts';
export { patternFault } from './pattern.ts';
export { approvalOf, isProtectedGroup, validateNewCustomResourceDefinition } from './validation/crd.ts';
export { type Before, validateStructural } from './schema-validate.ts';
export { validateListTypes } from './list-types.ts';
export { fillRequired, fillUnset, type UnsetOptions } from './required-fields.ts';
export { duplicateFields, faultOrder } from './duplicate-fields.ts';
export { normalizeImageReference, parseImageReference, type ImageReference } from './image-reference.ts';
export { checkLastingTemplate, inOrder, mismatch, selects } from './validation/apps/template.ts';
export { checkPodTemplate } from './validation/pod/pod-spec.ts';
export { checkLabelSelector, isEmptySelector } from './validation/label-selector.ts';
export { amountOf, checkCountOrPercent, checkPercentMax } from './validation/int-or-percent.ts';
export {
  nodeImageAnnotation,
  type ImagePullPhase,
  type NodeImage,
  type NodeImageSpec,
  type NodeImageStatus,
  type NodeImageTag,
  type NodeImageTagStatus,
  type SandboxMetadata,
} from './extensions/node-image.ts';
export { parseSchedule, zoneFault, type CronSchedule, type CronTimes } from './cron/cron-schedule.ts';
export { nextRun } from './cron/next-run.ts';
export { zonedTimestamp } from './cron/wall-clock.ts';
export type { Crossing, CrossingStatus } from './extensions/crossing.ts';
export {
  gatewayKeyAnnotation,
  wireGuardAnnotation,
  gatewayEndpointAnnotation,
  parseGatewayEndpoint,
  providerAnnotation,
  routingAnnotation,
  routings,
  type PoolCrossing,
  poolNeighbours,
  poolSuccessors,
  type PoolMember,
  type PoolNetwork,
  type PoolNetworkStatus,
  type Routing,
} from './extensions/pool-network.ts';
export {
  nextImagesAnnotation,
  podImageReadyCondition,
  podNeedUpgradeCondition,
  revisionPrefix,
} from './extensions/ota.ts';
export {
  type PoolPolicy,
  type PoolPolicyPeers,
  type PoolPolicyPort,
  type PoolPolicyRule,
  type PoolPolicySpec,
} from './extensions/pool-policy.ts';
