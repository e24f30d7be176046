import type { Command } from 'commander';
import { count, countOrNone, decimal, duration, yesOrNo } from './common-flags.ts';

/** Where the audit log goes, under the names of kube-apiserver's flags. */
export function withAuditFlags(command: Command): Command {
  return command
    .optionsGroup('Audit log:')
    .option(
      '--audit-log-path <path>',
      'write an audit log there; - is the standard output. Without a policy, who did what, and no bodies',
    )
    .option('--audit-policy-file <path>', 'audit Policy that says what of which request is written')
    .option('--audit-log-maxage <days>', 'keep files that were put aside so long (default 30)', countOrNone)
    .option(
      '--audit-log-maxbackup <number>',
      'keep so many files that were put aside (default 10)',
      countOrNone,
    )
    .option(
      '--audit-log-maxsize <megabytes>',
      'put the file aside before it is larger (default 100)',
      countOrNone,
    )
    .option('--audit-log-compress [boolean]', 'compress files that were put aside (default false)', yesOrNo)
    .option(
      '--audit-log-mode <mode>',
      'batch: requests never wait for it; blocking: they wait; blocking-strict: and fail without it (default batch)',
    )
    .option('--audit-log-batch-buffer-size <number>', 'events that may wait (default 10000)', count)
    .option(
      '--audit-log-truncate-enabled [boolean]',
      'whether events that are too large lose their bodies (default false)',
      yesOrNo,
    )
    .option(
      '--audit-log-truncate-max-event-size <bytes>',
      'events that are larger without bodies too are dropped (default 102400)',
      count,
    )
    .option(
      '--audit-log-truncate-max-batch-size <bytes>',
      'what is written at once (default 10485760)',
      count,
    )
    .option('--audit-log-version <version>', 'audit.k8s.io/v1, which is the only one')
    .option('--audit-log-format <format>', 'json, which is the only one')
    .optionsGroup('Audit log sent to a server:')
    .option('--audit-webhook-config-file <path>', 'kubeconfig of a server that the audit log is sent to')
    .option(
      '--audit-webhook-mode <mode>',
      'batch: requests never wait for it; blocking: they wait; blocking-strict: and fail without it (default batch)',
    )
    .option('--audit-webhook-batch-buffer-size <number>', 'events that may wait (default 10000)', count)
    .option('--audit-webhook-batch-max-size <number>', 'events that are sent at once (default 400)', count)
    .option('--audit-webhook-batch-max-wait <duration>', 'events wait no longer (default 30s)', duration)
    .option(
      '--audit-webhook-batch-throttle-enable [boolean]',
      'whether batches are throttled (default true)',
      yesOrNo,
    )
    .option('--audit-webhook-batch-throttle-qps <number>', 'batches a second (default 10)', decimal)
    .option(
      '--audit-webhook-batch-throttle-burst <number>',
      'batches at once after a pause (default 15)',
      count,
    )
    .option(
      '--audit-webhook-initial-backoff <duration>',
      'pause after a batch that was not taken (default 10s)',
      duration,
    )
    .option(
      '--audit-webhook-truncate-enabled [boolean]',
      'whether events that are too large lose their bodies (default false)',
      yesOrNo,
    )
    .option(
      '--audit-webhook-truncate-max-event-size <bytes>',
      'events that are larger without bodies too are dropped (default 102400)',
      count,
    )
    .option(
      '--audit-webhook-truncate-max-batch-size <bytes>',
      'what is sent at once (default 10485760)',
      count,
    )
    .option('--audit-webhook-version <version>', 'audit.k8s.io/v1, which is the only one');
}
