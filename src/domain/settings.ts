/** The platform's settings with what people have not set: the one place where defaults are applied. */
import { APPROVAL_DEFAULTS, type ApprovalSettings } from './approval.ts';
import { REMEDIATION_DEFAULTS, type RemediationSettings } from './budget.ts';
import type { PlatformSettings } from './desired.ts';
import { HEALTH_DEFAULTS, type HealthSettings } from './health-settings.ts';
import { INTEGRITY_DEFAULTS, type IntegritySettings } from './integrity-settings.ts';
import { SCALING_DEFAULTS, type ScalingPolicy } from './scaling.ts';

/** What may be set for groups of things that have defaults. Stored rows hold only what was set. */
export interface SettingGroups {
  readonly health: HealthSettings;
  readonly integrity: IntegritySettings;
  readonly scaling: ScalingPolicy;
  readonly remediation: RemediationSettings;
  readonly approvals: ApprovalSettings;
}

export const SETTING_DEFAULTS: SettingGroups = {
  health: HEALTH_DEFAULTS, integrity: INTEGRITY_DEFAULTS, scaling: SCALING_DEFAULTS, remediation: REMEDIATION_DEFAULTS, approvals: APPROVAL_DEFAULTS,
};

export type WholeSettings = PlatformSettings & SettingGroups;

/** Of what is stored, and of what an agent has read. */
export function withDefaults(settings: PlatformSettings): WholeSettings {
  const groups = Object.entries(SETTING_DEFAULTS).map(([group, defaults]) =>
    [group, { ...defaults, ...settings[group as keyof SettingGroups] }]);
  return { ...settings, ...(Object.fromEntries(groups) as SettingGroups) };
}
