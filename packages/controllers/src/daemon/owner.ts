import type { LabelSelectorObject, ObjectMeta, PodTemplateSpec } from '@skerry/api';

/** What a set of daemon pods is, whoever's kind it is: the built-in DaemonSet and OpenKruise's are both one. */
export interface DaemonOwner {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: {
    selector: LabelSelectorObject;
    template: PodTemplateSpec;
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
  };
  status?: { collisionCount?: number };
}
