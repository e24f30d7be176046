import '#styles/tokens.css';
import '#styles/base.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from '#api/queries.ts';
import { Design } from '#app/design.tsx';
import { Gate } from '#app/gate.tsx';
import { reloadOnMissingChunk } from '#app/missing-chunk.ts';
import { startLanguage } from '#i18n/index.ts';
import { live } from '#live/connection.ts';

document.addEventListener('visibilitychange', () => live.setVisible(document.visibilityState === 'visible'));

reloadOnMissingChunk();
void startLanguage().then(() => {
  const root = document.getElementById('root');
  if (!root) throw new Error('the page has no #root');
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <Design>
          <Gate />
        </Design>
      </QueryClientProvider>
    </StrictMode>,
  );
});
