import '#styles/tokens.css';
import '#styles/base.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from '#api/queries.ts';
import { Design } from '#app/design.tsx';
import { Gate } from '#app/gate.tsx';
import { startLanguage } from '#i18n/index.ts';
import { live } from '#live/connection.ts';

document.addEventListener('visibilitychange', () => live.setVisible(document.visibilityState === 'visible'));

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');
void startLanguage().then(
  () => {
    createRoot(root).render(
      <StrictMode>
        <QueryClientProvider client={queryClient}>
          <Design>
            <Gate />
          </Design>
        </QueryClientProvider>
      </StrictMode>,
    );
  },
  () => {
    // Not even the words have come.
    root.setAttribute('role', 'alert');
    root.textContent =
      'Skerry could not be loaded; please reload the page. 読み込めませんでした。ページを再読み込みしてください。无法加载，请重新加载页面。';
  },
);
