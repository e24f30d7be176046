/** Serves metrics of no object to autoscalers of either cluster, behind an APIService: what a sequence says that they are. */
import { startExtensionServer } from '@skerry/apiserver/testing';

export interface Adapter {
  readonly port: number;
  measure(namespace: string, metric: string, value: string | undefined): void;
  close(): Promise<void>;
}

export const metricsGroup = 'external.metrics.k8s.io';
const groupVersion = `${metricsGroup}/v1beta1`;

export async function startAdapter(): Promise<Adapter> {
  const values = new Map<string, string>();
  const server = await startExtensionServer({
    reply: ({ url }, response) => {
      const path = (url.split('?')[0] ?? '').slice(`/apis/${groupVersion}`.length);
      if (path === '') return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [] };
      const value = values.get(path);
      const metricName = path.split('/').at(-1) ?? '';
      if (value === undefined) {
        const message = `no metric ${metricName}`;
        const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
        response.writeHead(404, { 'content-type': 'application/json' });
        return void response.end(JSON.stringify({ ...status, message }));
      }
      const timestamp = new Date().toISOString();
      const items = [{ metricName, metricLabels: {}, timestamp, value }];
      return { kind: 'ExternalMetricValueList', apiVersion: groupVersion, metadata: {}, items };
    },
  });
  return {
    port: server.port,
    measure(namespace, metric, value) {
      const path = `/namespaces/${namespace}/${metric}`;
      if (value === undefined) values.delete(path);
      else values.set(path, value);
    },
    close: () => server.close(),
  };
}
