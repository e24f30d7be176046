/** Every controller by name, and what some of them need to be told. */
import { createDaemonSetController } from '#apps/daemon-set/daemon-set.ts';
import { createDeploymentController } from '#apps/deployment/deployment.ts';
import { createReplicaSetController } from '#apps/replica-set/replica-set.ts';
import type { Controller, ControllerContext } from '#runtime/controller.ts';

export interface ControllerSettings {}

type Create = (context: ControllerContext, settings: ControllerSettings) => Controller | undefined;

const creators = {
  'deployment-controller': createDeploymentController,
  'replicaset-controller': createReplicaSetController,
  'daemonset-controller': createDaemonSetController,
} satisfies Record<string, Create>;

export type ControllerName = keyof typeof creators;

export const catalogue: Readonly<Record<ControllerName, Create>> = creators;
