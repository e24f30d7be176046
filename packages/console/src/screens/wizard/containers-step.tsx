import { PlusOutlined } from '@ant-design/icons';
import { Button, Checkbox, InputNumber, Select, Tabs } from 'antd';
import { useState } from 'react';
import { useT } from '#i18n/index.ts';
import {
  envSources,
  gpuNameOf,
  probeActions,
  readChoice,
  volumeSourceField,
  volumeSources,
  writeChoice,
  type Choice,
} from '#workloads/choices.ts';
import { getAt, listIn, mapIn, textIn, type Path } from '#workloads/object-path.ts';
import { templatePath } from '#workloads/workload.ts';
import type { StepProps } from './basics-step.tsx';
import {
  CheckAt,
  Field,
  LinesAt,
  NumberAt,
  NumberOrTextAt,
  SelectAt,
  SuggestAt,
  TextAt,
  within,
  type Form,
} from './fields.tsx';
import { Rows } from './rows.tsx';
import styles from './wizard.module.css';

type ContainerList = 'initContainers' | 'containers';
const claimTemplates: Path = ['spec', 'volumeClaimTemplates'];

export function ContainersStep({ form, object, isNew }: StepProps) {
  const t = useT();
  const pod = within(form, [...templatePath(object), 'spec']);
  const containers = listIn(pod.object, ['containers']);
  const initContainers = listIn(pod.object, ['initContainers']);
  const [active, setActive] = useState('containers/0');
  const add = (list: ContainerList): void => {
    const before = listIn(pod.object, [list]);
    const name = `${list === 'containers' ? 'container' : 'init'}-${before.length + 1}`;
    pod.set([list], [...before, { name, image: '' }]);
    setActive(`${list}/${before.length}`);
  };
  const remove = (list: ContainerList, index: number): void => {
    const left = listIn(pod.object, [list]).filter((_, at) => at !== index);
    pod.set([list], left.length > 0 ? left : undefined);
    setActive('containers/0');
  };
  const claims = listIn(form.object, claimTemplates).map((claim) => textIn(claim, ['metadata', 'name']));
  const volumes = [
    ...listIn(pod.object, ['volumes']).map((volume) => textIn(volume, ['name'])),
    ...(object.kind === 'StatefulSet' ? claims : []),
  ];
  const tabsOf = (list: ContainerList) =>
    listIn(pod.object, [list]).map((container, index) => {
      const name = textIn(container, ['name']) || `#${index + 1}`;
      const isRemovable = list === 'initContainers' || containers.length > 1;
      return {
        key: `${list}/${index}`,
        label: list === 'containers' ? name : t('wizard.initName', { name }),
        children: (
          <ContainerForm
            {...(isRemovable ? { onRemove: () => remove(list, index) } : {})}
            isInit={list === 'initContainers'}
            form={within(pod, [list, index])}
            volumes={volumes}
          />
        ),
      };
    });
  return (
    <div className={styles['stack']}>
      <div className={styles['addContainer']}>
        <Button size="small" icon={<PlusOutlined />} onClick={() => add('containers')}>
          {t('wizard.addContainer')}
        </Button>
        <Button size="small" icon={<PlusOutlined />} onClick={() => add('initContainers')}>
          {t('wizard.addInitContainer')}
        </Button>
      </div>
      <Tabs
        type="card"
        activeKey={active}
        onChange={setActive}
        // Those that run first stand first.
        items={[...tabsOf('initContainers'), ...tabsOf('containers')]}
      />
      {initContainers.length > 1 ? <p className="muted">{t('wizard.initOrder')}</p> : null}
      <Volumes form={pod} />
      {object.kind === 'StatefulSet' ? <ClaimTemplates form={form} isNew={isNew} /> : null}
      <Rows form={pod} path={['imagePullSecrets']} label={t('wizard.pullSecrets')} initial={{ name: '' }}>
        {(row) => <TextAt form={row} path={['name']} label={t('column.name')} />}
      </Rows>
      <div className={styles['checks']}>
        <CheckAt form={pod} path={['hostNetwork']} label={t('wizard.hostNetwork')} />
        <CheckAt form={pod} path={['hostPID']} label={t('wizard.hostPid')} />
      </div>
    </div>
  );
}

function ContainerForm({
  form,
  isInit,
  volumes,
  onRemove,
}: {
  readonly isInit: boolean;
  readonly form: Form;
  readonly volumes: readonly string[];
  readonly onRemove?: () => void;
}) {
  const t = useT();
  const isSidecar = isInit && textIn(form.object, ['restartPolicy']) === 'Always';
  return (
    <div className={styles['stack']}>
      <div className={styles['grid']}>
        <TextAt form={form} path={['name']} label={t('wizard.containerName')} />
        <TextAt
          form={form}
          path={['image']}
          label={t('wizard.image')}
          placeholder="registry.example.com/app:1.0"
        />
        <SelectAt
          form={form}
          path={['imagePullPolicy']}
          label={t('wizard.pullPolicy')}
          options={[
            { value: '', label: t('wizard.byDefault') },
            ...['IfNotPresent', 'Always', 'Never'].map((value) => ({ value, label: value })),
          ]}
        />
        <TextAt form={form} path={['workingDir']} label={t('wizard.workingDir')} />
        <LinesAt form={form} path={['command']} label={t('wizard.command')} />
        <LinesAt form={form} path={['args']} label={t('wizard.args')} />
      </div>
      <Resources form={form} />
      <Rows form={form} path={['ports']} label={t('column.ports')} initial={{ containerPort: 80 }}>
        {(row) => (
          <>
            <NumberAt form={row} path={['containerPort']} label={t('wizard.port')} min={1} />
            <TextAt form={row} path={['name']} label={t('column.name')} />
            <SelectAt
              form={row}
              path={['protocol']}
              label={t('wizard.protocol')}
              options={[
                { value: '', label: 'TCP' },
                ...['TCP', 'UDP', 'SCTP'].map((value) => ({ value, label: value })),
              ].filter(
                ({ value, label }) =>
                  value !== 'TCP' || label !== 'TCP' || textIn(row.object, ['protocol']) === 'TCP',
              )}
            />
            <NumberAt form={row} path={['hostPort']} label={t('wizard.hostPort')} min={1} />
          </>
        )}
      </Rows>
      <Rows form={form} path={['env']} label={t('wizard.env')} initial={{ name: '', value: '' }}>
        {(row) => <Variable form={row} />}
      </Rows>
      {isInit ? (
        <div className={styles['checks']}>
          <Checkbox
            checked={isSidecar}
            onChange={(event) => form.set(['restartPolicy'], event.target.checked ? 'Always' : undefined)}
          >
            {t('wizard.sidecar')}
          </Checkbox>
        </div>
      ) : null}
      {/* What runs once to its end is not asked how it is. */}
      {isInit && !isSidecar
        ? null
        : (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).map((probe) => (
            <Probe key={probe} form={form} path={[probe]} label={t(`wizard.${probe}`)} />
          ))}
      <Rows
        form={form}
        path={['volumeMounts']}
        label={t('wizard.mounts')}
        initial={{ name: volumes[0] ?? '', mountPath: '' }}
      >
        {(row) => (
          <>
            <SuggestAt form={row} path={['name']} label={t('wizard.volume')} options={volumes} />
            <TextAt form={row} path={['mountPath']} label={t('wizard.mountPath')} placeholder="/data" />
            <TextAt form={row} path={['subPath']} label={t('wizard.subPath')} />
            <CheckAt form={row} path={['readOnly']} label={t('wizard.readOnly')} />
          </>
        )}
      </Rows>
      <div className={styles['checks']}>
        <CheckAt form={form} path={['securityContext', 'privileged']} label={t('wizard.privileged')} />
        <CheckAt form={form} path={['stdin']} label="stdin" />
        <CheckAt form={form} path={['tty']} label="tty" />
        {onRemove ? (
          <Button danger size="small" onClick={onRemove}>
            {t('wizard.removeContainer')}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function Resources({ form }: { readonly form: Form }) {
  const t = useT();
  const gpuName = gpuNameOf(mapIn(form.object, ['resources', 'limits']));
  const count = Number(textIn(form.object, ['resources', 'limits', gpuName]) || 0);
  return (
    <fieldset className={styles['rows']}>
      <legend>{t('wizard.resources')}</legend>
      <div className={styles['grid']}>
        <TextAt
          form={form}
          path={['resources', 'requests', 'cpu']}
          label={t('wizard.cpuRequest')}
          placeholder="100m"
        />
        <TextAt
          form={form}
          path={['resources', 'limits', 'cpu']}
          label={t('wizard.cpuLimit')}
          placeholder="1"
        />
        <TextAt
          form={form}
          path={['resources', 'requests', 'memory']}
          label={t('wizard.memoryRequest')}
          placeholder="128Mi"
        />
        <TextAt
          form={form}
          path={['resources', 'limits', 'memory']}
          label={t('wizard.memoryLimit')}
          placeholder="256Mi"
        />
        <Field label={t('wizard.gpu', { name: gpuName })}>
          {(id) => (
            <InputNumber
              id={id}
              min={0}
              precision={0}
              value={count}
              onChange={(value) => {
                const text = value ? String(value) : undefined;
                form.set(['resources', 'limits', gpuName], text);
                if (getAt(form.object, ['resources', 'requests', gpuName]) !== undefined) {
                  form.set(['resources', 'requests', gpuName], text);
                }
              }}
            />
          )}
        </Field>
      </div>
    </fieldset>
  );
}

function ChoiceField({
  form,
  label,
  choices,
  known,
  titleOf,
}: {
  readonly form: Form;
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly known: readonly string[];
  readonly titleOf: (id: string) => string;
}) {
  const t = useT();
  const value = readChoice(form.object, choices, known);
  const options = choices.map(({ id }) => ({ value: id, label: titleOf(id) }));
  return (
    <Field label={label}>
      {(id) => (
        <Select
          id={id}
          value={value}
          options={value === 'other' ? [...options, { value: 'other', label: t('wizard.other') }] : options}
          onChange={(next) => form.set([], writeChoice(form.object, choices, next))}
        />
      )}
    </Field>
  );
}

function Variable({ form }: { readonly form: Form }) {
  const t = useT();
  const source = readChoice(form.object, envSources, ['name']);
  return (
    <>
      <TextAt form={form} path={['name']} label={t('column.name')} />
      <ChoiceField
        form={form}
        label={t('wizard.from')}
        choices={envSources}
        known={['name']}
        titleOf={(id) => t(`wizard.env.${id}` as 'wizard.env.value')}
      />
      {source === 'value' ? (
        <Field label={t('field.value')}>
          {(id) => (
            <input
              id={id}
              className={styles['plain']}
              value={textIn(form.object, ['value'])}
              spellCheck={false}
              onChange={(event) => form.set(['value'], event.target.value)}
            />
          )}
        </Field>
      ) : null}
      {source === 'configMap' || source === 'secret' ? (
        <>
          <TextAt
            form={form}
            path={['valueFrom', source === 'secret' ? 'secretKeyRef' : 'configMapKeyRef', 'name']}
            label={source === 'secret' ? 'Secret' : 'ConfigMap'}
          />
          <TextAt
            form={form}
            path={['valueFrom', source === 'secret' ? 'secretKeyRef' : 'configMapKeyRef', 'key']}
            label={t('field.key')}
          />
        </>
      ) : null}
      {source === 'field' ? (
        <SuggestAt
          form={form}
          path={['valueFrom', 'fieldRef', 'fieldPath']}
          label={t('wizard.fieldPath')}
          options={[
            'spec.nodeName',
            'metadata.name',
            'metadata.namespace',
            'status.podIP',
            'status.hostIP',
            'spec.serviceAccountName',
          ]}
        />
      ) : null}
      {source === 'resource' ? (
        <SuggestAt
          form={form}
          path={['valueFrom', 'resourceFieldRef', 'resource']}
          label={t('wizard.resource')}
          options={['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']}
        />
      ) : null}
    </>
  );
}

const probeFields = ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold'] as const;
const probeKnown = [...probeFields, 'successThreshold', 'terminationGracePeriodSeconds'];

function Probe({ form, path, label }: { readonly form: Form; readonly path: Path; readonly label: string }) {
  const t = useT();
  const probe = getAt(form.object, path);
  const part = within(form, path);
  const action = probe === undefined ? '' : readChoice(probe, probeActions, probeKnown);
  return (
    <fieldset className={styles['rows']}>
      <legend>{label}</legend>
      <div className={styles['grid']}>
        <Field label={t('wizard.probe')}>
          {(id) => (
            <Select
              id={id}
              value={action}
              options={[
                { value: '', label: t('wizard.probe.none') },
                ...probeActions.map((one) => ({
                  value: one.id,
                  label: t(`wizard.probe.${one.id}` as 'wizard.probe.http'),
                })),
              ]}
              onChange={(next) =>
                form.set(path, next === '' ? undefined : writeChoice(probe ?? {}, probeActions, next))
              }
            />
          )}
        </Field>
        {action === 'http' ? (
          <>
            <TextAt form={part} path={['httpGet', 'path']} label={t('wizard.path')} />
            <NumberOrTextAt form={part} path={['httpGet', 'port']} label={t('wizard.port')} />
          </>
        ) : null}
        {action === 'tcp' ? (
          <NumberOrTextAt form={part} path={['tcpSocket', 'port']} label={t('wizard.port')} />
        ) : null}
        {action === 'grpc' ? (
          <NumberAt form={part} path={['grpc', 'port']} label={t('wizard.port')} min={1} />
        ) : null}
        {action === 'exec' ? (
          <LinesAt form={part} path={['exec', 'command']} label={t('wizard.command')} />
        ) : null}
        {action === ''
          ? null
          : probeFields.map((name) => (
              <NumberAt key={name} form={part} path={[name]} label={t(`wizard.${name}`)} />
            ))}
      </div>
    </fieldset>
  );
}

function Volumes({ form }: { readonly form: Form }) {
  const t = useT();
  return (
    <Rows form={form} path={['volumes']} label={t('wizard.volumes')} initial={{ name: 'data', emptyDir: {} }}>
      {(row) => {
        const source = readChoice(row.object, volumeSources, ['name']);
        const path = volumeSourceField[source];
        return (
          <>
            <TextAt form={row} path={['name']} label={t('column.name')} />
            <ChoiceField
              form={row}
              label={t('column.type')}
              choices={volumeSources}
              known={['name']}
              titleOf={(id) => id}
            />
            {path ? (
              <TextAt
                form={row}
                path={path}
                label={source === 'hostPath' ? t('wizard.path') : t('column.name')}
              />
            ) : null}
          </>
        );
      }}
    </Rows>
  );
}

/** Volumes that each pod of a StatefulSet has of its own. */
function ClaimTemplates({ form, isNew }: { readonly form: Form; readonly isNew: boolean }) {
  const t = useT();
  const count = listIn(form.object, claimTemplates).length;
  // They can't be changed once the StatefulSet is made.
  if (!isNew) return count > 0 ? <p className="muted">{t('wizard.claimsFixed', { count })}</p> : null;
  return (
    <Rows
      form={form}
      path={claimTemplates}
      label={t('wizard.claims')}
      initial={{
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      }}
    >
      {(row) => (
        <>
          <TextAt form={row} path={['metadata', 'name']} label={t('column.name')} />
          <TextAt
            form={row}
            path={['spec', 'resources', 'requests', 'storage']}
            label={t('wizard.claimSize')}
            placeholder="1Gi"
          />
          <TextAt form={row} path={['spec', 'storageClassName']} label={t('wizard.storageClass')} />
          <SelectAt
            form={row}
            path={['spec', 'accessModes', 0]}
            label={t('wizard.accessMode')}
            options={['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany', 'ReadOnlyMany'].map((value) => ({
              value,
              label: value,
            }))}
          />
        </>
      )}
    </Rows>
  );
}
