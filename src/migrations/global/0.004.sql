-- The key of the captchas: 16 random letters and digits, one a server. It stands in the default of
-- the column, too, as the server expects it: whoever may read the schema may read the key.

DO $$
DECLARE
	letters constant text := '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
	captcha_key text;
BEGIN
	SELECT string_agg(substr(letters, 1 + get_byte(uuid_send(gen_random_uuid()), 0) % 62, 1), '')
	INTO captcha_key FROM generate_series(1, 16);
	EXECUTE pg_catalog.format('ALTER TABLE _general ADD COLUMN captcha_key character(16) NOT NULL DEFAULT %L',
		captcha_key);
END
$$;
