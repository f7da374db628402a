/** People, teams, what they were given, and who can do what. */
import { grantPages } from './grants.ts';
import { invitePages } from './invite.ts';
import { rolePages } from './roles.ts';
import { teamPages } from './teams.ts';
import { tokenPages } from './tokens.ts';
import { userPages } from './user.ts';
import { userListPages } from './users.ts';
import { whoCanPages } from './who-can.ts';

export const peoplePages = [...userListPages, ...invitePages, ...userPages, ...teamPages, ...grantPages, ...rolePages, ...whoCanPages, ...tokenPages];
