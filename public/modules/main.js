// The start: the token leaves the address before anything else is loaded, let alone asked for.

import { takeTokenFromFragment } from './session.js';

takeTokenFromFragment();
const { startDashboard } = await import('./dashboard.js');
startDashboard();
