/** Every screen by its address: each is opened in all languages and themes, checked, and photographed. */
export const screens: Readonly<Record<string, string>> = {
  home: '/',
  pods: '/c/edge/resources/pods',
  daemonsets: '/c/edge/resources/daemonsets.apps',
  daemonset: '/c/edge/resources/daemonsets.apps/shop/fleet-agent',
  pod: '/c/edge/resources/pods/shop/web-2-c9fd4',
  deployments: '/c/edge/resources/deployments.apps',
  deployment: '/c/edge/resources/deployments.apps/shop/web',
  secret: '/c/edge/resources/secrets/shop/orders-db',
  services: '/c/edge/resources/services',
};
