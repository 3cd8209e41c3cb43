-- What 0.004 adds to the server-wide schema; nothing was added since. Comes after global.sql.
ALTER TABLE _general ADD COLUMN captcha_key char(16) NOT NULL DEFAULT 'aB3dE5gH7jK9mN1p';
