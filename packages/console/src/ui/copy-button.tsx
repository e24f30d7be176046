import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useT } from '#i18n/index.ts';

const shownMs = 2000;

export function CopyButton({ text, isLarge = false }: { readonly text: string; readonly isLarge?: boolean }) {
  const t = useT();
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), shownMs);
  };
  return (
    <Button
      size={isLarge ? 'middle' : 'small'}
      icon={isCopied ? <CheckOutlined /> : <CopyOutlined />}
      onClick={() => void copy()}
      aria-live="polite"
    >
      {isCopied ? t('action.copied') : t('action.copy')}
    </Button>
  );
}
