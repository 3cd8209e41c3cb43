/* SPDX-License-Identifier: PostgreSQL */
/* What was asked for on the command line, or else in the files. Filled by conf_load(). */
#ifndef CONF_VALUES_H
#define CONF_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/located.h"
#include "base/strvec.h"
#include "product/product.h"

/* The directory of the configuration files. */
#ifndef CONF_DIR
#define CONF_DIR "/etc/openresty"
#endif

enum conf_arguments {
	CONF_ACCOUNTS,  /* names of accounts; one that begins with "." is --host-suffix */
	CONF_DIRECTORY, /* one, as for --directory */
	CONF_DUMP,      /* an account, and perhaps a table of it */
	CONF_SAVES,     /* up to two directories, and accounts */
	CONF_TOPIC,     /* the name of a command, or none */
};

/* What the parser of the command line must know about a command. The table of commands is
 * the caller's. */
struct conf_command {
	const char *name;
	const char *alias; /* a program name that implies this command; may be NULL */
	const char *usage; /* of its arguments, for --help */
	const char *help;
	enum conf_arguments arguments;
	bool takes_models; /* of other products; other commands only know OpenResty */
	bool needs_whole;  /* only models with objects = all */
	bool is_offline;   /* it needs no server */
	const char *const *options; /* besides those of every command; NULL ends them */
};

enum conf_backend { CONF_PG, CONF_PGFARM };

enum conf_progress { CONF_PROGRESS_AUTO, CONF_PROGRESS_ALWAYS, CONF_PROGRESS_NEVER };

/* The commands of [hooks]. */
enum conf_hook { CONF_BEFORE, CONF_AFTER, CONF_AFTER_FAILURE, CONF_HOOKS };

/* Each is NULL if not given; "" is libpq's default, as in libpq itself. */
struct conf_connection {
	char *host;
	char *port; /* 1 to 65535, or a list such as "5432,5433" */
	char *user;
	char *password; /* never from the command line */
	char *dbname;   /* a name, key=value words or a URI */
};

struct conf {
	/* With help or version, NULL if none was named before the option. */
	const struct conf_command *command;
	bool help; /* with help or version, nothing else counts */
	bool version;

	struct strvec warnings; /* about the files, to be logged once there is a log */
	char *config_path;      /* of -c; NULL: not given */
	struct strvec accounts; /* each once, in the given order; empty: all */
	struct strvec saves;    /* directories, in the order given */
	char *table;            /* of the account; NULL: not given */
	char *topic;            /* of `metamodel help`; NULL: not given */
	char *model_name;       /* of a built-in model; NULL: OpenResty's own facts */
	struct product_model model; /* from the files; missing keys from that model */
	struct product product;     /* the result, which borrows from `model` */
	char *suffix;               /* of host names in a PgFarm; "" if there is none */
	char *directory;            /* without slashes at its end */

	/* The precedence is: command line, libpq's environment, files. In `config`,
	 * [metamodel] wins over [backend], whichever file they are in. */
	struct conf_connection command_line;
	struct conf_connection config;
	struct located hooks[CONF_HOOKS]; /* words: base/words.h */
	uint64_t hook_timeout_s;          /* 0: none */
	bool no_password;
	bool ask_password; /* not together with no_password */
	/* The account directly after --password, which may be a password; NULL: none. */
	char *doubtful;
	/* The configuration files: "PATH" or "PATH (not found)" */
	struct strvec looked_at;
	enum conf_backend backend;

	uint64_t jobs;      /* 0: one per CPU */
	uint64_t node_jobs; /* on one node; 0: no separate limit */
	bool dry_run;
	bool quiet;
	bool verbose; /* not together with quiet */
	bool json;
	enum conf_progress progress;
	uint64_t timeout_s;   /* 0: none */
	uint64_t lock_wait_s; /* 0: no limit */
	uint64_t batch;       /* accounts per pg_dump; 0: chosen by the program */
	uint64_t keep;        /* saves to keep besides the newest */
	uint64_t keep_days;   /* 0: no such rule */
	uint64_t keep_weeks;
	uint64_t keep_months;
	bool strict;
	bool cascade;
	bool rehearse;
	bool from_other_database;
	bool as_superuser;
	char *to;         /* NULL: the newest version */
	char *show;       /* NULL: do not */
	char *migrations; /* NULL: the built-in ones */
	bool save_first;
	bool all; /* of a model: also tenants that are current */
	bool fail_fast;
	bool check;
	char *warning;      /* check: an age; NULL: not given */
	char *critical;     /* the same */
	char *max_age;      /* as given; NULL: not given */
	uint64_t max_age_s; /* 0: no limit */
	/* verify: the server on which to load the save; "": the usual one; NULL: do not
	 * load it. */
	char *load;
	bool live; /* diff: the second save is the database */
	/* The template of the scratch database; NULL: an empty one. */
	char *load_template;
	char *pg_bindir; /* NULL: search for the tools */
};

#endif
