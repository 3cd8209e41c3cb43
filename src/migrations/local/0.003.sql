-- Passwords are kept as the MD5 of their bytes in the server's encoding. Whatever is there is
-- hashed: nothing in a row shows that it was done, the version alone does.

UPDATE _roles SET password = md5(password) WHERE password IS NOT NULL;
