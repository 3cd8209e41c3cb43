-- Makes a schema an account. Variables: schema.
INSERT INTO _global._accounts (name) VALUES (:'schema');
