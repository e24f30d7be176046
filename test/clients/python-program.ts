/** Runs lines of Python with Debian's `python3-kubernetes` in one interpreter, since starting one takes seconds. */
import { existsSync } from 'node:fs';
import { run } from '../support/cluster.ts';

export const hasPythonClient = existsSync('/usr/lib/python3/dist-packages/kubernetes/__init__.py');

const setUp = `
import json, traceback
from kubernetes import client, config, watch, dynamic
from kubernetes.client import api_client
from kubernetes.client.rest import ApiException
config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
ns = "default"
def settings(name, data={"a": "1"}):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"from": "py"}), data=data)
`;

/** `cases` are bodies of functions by name, run in order. What became of each: `ok`, or a stack trace. */
export async function runPython(
  env: NodeJS.ProcessEnv,
  cases: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const { code, output, errors } = await run('/usr/bin/python3', ['-'], { input: programOf(cases), env });
  if (code !== 0) throw new Error(errors);
  return JSON.parse(output) as Record<string, string>;
}

function programOf(cases: Readonly<Record<string, string>>): string {
  const functions = Object.values(cases).map((body, index) => {
    const lines = body.trim().replaceAll('\n', '\n    ');
    return `def case${index}():\n    ${lines}\n`;
  });
  const table = Object.keys(cases).map((name, index) => `${JSON.stringify(name)}: case${index}`);
  return `${setUp}
${functions.join('\n')}
results = {}
for name, case in {${table.join(', ')}}.items():
    try:
        case()
        results[name] = "ok"
    except Exception:
        results[name] = traceback.format_exc()
print(json.dumps(results))
`;
}
