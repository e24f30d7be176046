export { createCriRuntime, type CriRuntimeOptions } from '#cri/client.ts';
export { startContainerd, type Containerd, type ContainerdOptions } from '#containerd/start.ts';
export {
  busyboxImage,
  imageArchive,
  importImage,
  pauseImage,
  standInLabel,
  writeImageArchive,
  type BusyboxOptions,
  type ImageSpec,
  type ImportOptions,
} from '#images/oci-archive.ts';
export type { TarEntry } from '#images/tar.ts';
export { writeCniConfig, type PodNetwork } from '#network/cni-config.ts';
export * from '#runtime.ts';
