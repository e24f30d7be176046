/** What center and machine say to each other of pods that their machine's owner has replaced, as OpenYurt has it. */
export const podNeedUpgradeCondition = 'PodNeedUpgrade';
export const podImageReadyCondition = 'PodImageReady';
/** Before the hash of the newest template in the message of either condition. */
export const revisionPrefix = 'controllerrevision: ';
/** On a pod of an older template: the images of the newest, a list in JSON. */
export const nextImagesAnnotation = 'apps.skerry.io/next-images';
