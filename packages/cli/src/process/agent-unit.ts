/**
 * The agent's unit of systemd, as the field's own node services have theirs.
 *
 * Containers are the runtime's children: only the agent's own process is in the unit, and only that is ended with it. It is
 * started again for ever, since a machine that nobody is near has nobody who would do it: the bound on starts in a row,
 * which systemd has of itself, would leave it dead after ten seconds of a full disk. What it opens and starts for hundreds of
 * pods is more than a service commonly may, and it ends last where memory runs out.
 * https://www.freedesktop.org/software/systemd/man/252/systemd.service.html
 */
export interface AgentUnit {
  /** The program and its words. */
  readonly command: readonly string[];
  /** `unix:///run/containerd/containerd.sock` */
  readonly runtimeEndpoint: string;
}

export function agentUnit({ command, runtimeEndpoint }: AgentUnit): string {
  const needs = ['network-online.target', ...runtimeUnits(runtimeEndpoint)].join(' ');
  return `[Unit]
Description=Skerry node agent
After=${needs}
Wants=${needs}
StartLimitIntervalSec=0

[Service]
ExecStart=${command.map(quoted).join(' ')}
Restart=always
RestartSec=2
KillMode=process
Delegate=yes
OOMScoreAdjust=-999
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;
}

/** Of a runtime that something else starts nothing is known. */
function runtimeUnits(endpoint: string): string[] {
  if (endpoint.endsWith('/containerd.sock')) return ['containerd.service'];
  return endpoint.endsWith('/crio.sock') ? ['crio.service'] : [];
}

/** A dollar and a percent sign are doubled, which is how they are themselves. */
function quoted(word: string): string {
  if (/^[\w./:=@,+-]+$/.test(word)) return word;
  const escaped = word.replaceAll(/["\\]/g, '\\$&').replaceAll(/[$%]/g, '$&$&');
  return `"${escaped}"`;
}
