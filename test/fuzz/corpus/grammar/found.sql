CREATE STATISTICS victim.s ON id, n FROM alice._t;
SET search_path = alice, pg_catalog; CREATE SEQUENCE IF NOT EXISTS victim.x;
SET search_path = alice, pg_catalog; CREATE SEQUENCE IF NOT EXISTS users_s;
CREATE SEQUENCE alice._y OWNED BY alice.users.id;
