import { notFound, type AnyObject, type KindInfo } from '@skerry/api';
import type { Clock } from '@skerry/base';
import { answerObject, encodersFor, itemOf, listAnswer, negotiate, parseListOptions } from '@skerry/serving';
import type { VirtualHandler } from '#dispatcher.ts';
import { sendAnswer } from '#http/answers.ts';
import { metadataOf } from '#registry/registry.ts';

const deprecated = 'v1 ComponentStatus is deprecated in v1.19+';

/**
 * `kubectl get componentstatuses`: which parts of the control plane are well, as stock servers told before there were
 * better ways. This server vouches for its store alone, by the name that clients know for it.
 */
export function componentStatusHandler(info: KindInfo, { clock }: { readonly clock: Clock }): VirtualHandler {
  const encoders = encodersFor(info, { clock, protobuf: true });
  return async ({ info: asked }, exchange) => {
    exchange.warnings.push(deprecated);
    const encoder = negotiate(exchange.headers['accept'], encoders, {
      includeObject: exchange.query.get('includeObject'),
    });
    if (asked.named) {
      const found = statuses().find((object) => metadataOf(object).name === asked.name);
      if (!found) throw notFound(info, asked.name);
      await sendAnswer(exchange, answerObject(encoder, found));
      return;
    }
    const { labelSelector, fieldSelector } = parseListOptions(exchange.query, info);
    const items = statuses().filter(
      ({ metadata }) =>
        labelSelector.matches(metadata?.labels) &&
        fieldSelector.matches((field) => (field === 'metadata.name' ? metadata?.name : '') ?? ''),
    );
    await sendAnswer(
      exchange,
      listAnswer(
        encoder,
        items.map((item) => itemOf(item)),
        {},
      ),
    );
  };
}

function statuses(): AnyObject[] {
  return [
    {
      kind: 'ComponentStatus',
      apiVersion: 'v1',
      metadata: { name: 'etcd-0' },
      conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
    },
  ];
}
