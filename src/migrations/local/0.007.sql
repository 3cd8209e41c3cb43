-- Actions, with parameters.

CREATE TABLE _actions (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	definition text NOT NULL,
	description text,
	compiled text,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE TABLE _action_params (
	id serial PRIMARY KEY,
	name text NOT NULL,
	type text NOT NULL,
	label text,
	default_value text,
	used boolean NOT NULL,
	action_id integer REFERENCES _actions (id) ON DELETE CASCADE
);
