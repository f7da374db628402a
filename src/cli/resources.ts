/** The API's resources as the command line reads them. */
import type { Run } from '../domain/resources/run.ts';

export type { Channel, Delivery } from '../domain/resources/alert.ts';
export type { Page, RunLink } from '../domain/resources/common.ts';
export type { Container } from '../domain/resources/container.ts';
export type { Health } from '../domain/resources/health.ts';
export type { HostnameResource as Hostname } from '../domain/resources/hostname.ts';
export type {
  CreatedToken, Decision, GrantResource as Grant, OneTimeLink, RoleResource as Role, Team, TeamMember, Token, User, WhoCan,
} from '../domain/resources/people.ts';
export type { Platform } from '../domain/resources/platform.ts';
export type { Approval, AuditEntry, AuditVerdict, Event } from '../domain/resources/record.ts';
export type { Incident, Remediation } from '../domain/resources/remediation.ts';
export type { Release } from '../domain/resources/release.ts';
export type { Condition, Site } from '../domain/resources/site.ts';
export type { Run };

export type Step = Run['steps'][number];
