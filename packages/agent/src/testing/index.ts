export {
  canRunContainers,
  pauseReference,
  startContainerdNode,
  type ContainerdNode,
} from '#testing/containerd-node.ts';
