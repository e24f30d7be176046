/**
 * Where the webhooks are before the component has said where it listens. The component writes its own address and
 * authority over it when it starts; until then a call fails, and with it the write that asked.
 */
import type { CustomResourceDefinition } from '@skerry/api';

/** Tried first; another free one where it is taken. */
export const webhookPort = 9876;

export function webhookUrl(path: string, at = `127.0.0.1:${webhookPort}`): string {
  return `https://${at}${path}`;
}

export const conversionPath = '/convert';

export const conversionByWebhook: CustomResourceDefinition['spec']['conversion'] = {
  strategy: 'Webhook',
  webhook: {
    clientConfig: { url: webhookUrl(conversionPath) },
    conversionReviewVersions: ['v1', 'v1beta1'],
  },
};
