-- What a person was given: without it, asking who may do something read every grant once for each person.
create index grant_user on "grant" (user_id) where user_id is not null;
create index grant_platform on "grant" (role) where site is null;
