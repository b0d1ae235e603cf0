/** What a process may be allowed that serves one client, or one sandbox: nearly all of its descriptors. */

import type { ServerSettings } from '../runtime/server.js';

export const ONE_CLIENT = { maxFDs: 2 ** 20 } as const satisfies ServerSettings;
