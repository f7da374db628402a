import { alertPages } from './alerts.ts';
import { platformSettingsPages } from './platform.ts';

export const settingsPages = [...platformSettingsPages, ...alertPages];
