-- What a database server takes is observed by the control worker that administers it: null until it has asked.
alter table database_server alter max_connections drop default, alter max_connections drop not null;
update database_server set max_connections = null;
