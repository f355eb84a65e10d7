// The entry point. It takes the token out of the address before anything else runs or is requested.

import { takeTokenFromFragment } from './modules/session.js';

takeTokenFromFragment();
const { startDashboard } = await import('./dashboard.js');
startDashboard();
