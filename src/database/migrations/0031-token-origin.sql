-- Where a token comes from. One that somebody was given for their password, or for letting a command line in, is worth what
-- that password was worth: it ends when the password changes. One that was made as a token stays, as it stands in some
-- machine that nobody signs in from.
alter table token add column origin text not null default 'made' check (origin in ('made', 'sign-in'));
-- Those there are: only signing in gives a whole owner's token for exactly thirty days.
update token set origin = 'sign-in'
  where user_id is not null and role = 'owner' and actions is null and sites is null
    and abs(extract(epoch from expires_at - created_at) - 30 * 86400) < 60;
